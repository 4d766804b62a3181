import { escaped } from '#lifecycle/escaped.ts';
import type { Series } from './data.ts';
import { laterPlots } from './later-plots.ts';
import type { Later } from './second-half.ts';

export interface Candidate {
  readonly name: string;
  readonly version: string;
  readonly state: string;
  readonly rmse: number;
  readonly baseline: number;
  readonly reasons: readonly string[];
}

export interface Forecast {
  readonly country: string;
  readonly predicted: number;
  readonly version: string;
}

const [WIDTH, HEIGHT, PAD] = [420, 220, 34];

/** A page with the errors of the versions and with the forecasts. */
export function examplePage(
  candidates: readonly Candidate[],
  forecasts: readonly Forecast[],
  series: readonly Series[],
  later: Later | undefined,
): string {
  const rows = candidates.map(
    ({ name, version, state, rmse, reasons }) =>
      `<tr><td>${escaped(name)}</td><td>${version}</td><td>${state}</td><td>${rmse.toFixed(4)}</td><td>${reasons.map(escaped).join('<br>')}</td></tr>`,
  );
  const plots = forecasts.flatMap((forecast) => {
    const known = series.find(({ country }) => country === forecast.country);
    return known ? [forecastPlot(forecast, known)] : [];
  });
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Fertility rates</title>
<style>body{font:14px system-ui;margin:2em;max-width:960px;overflow-wrap:anywhere}@media(max-width:600px){body{margin:1em}}
.table{overflow-x:auto;overflow-wrap:normal}td,th{padding:.3em .8em;text-align:left;vertical-align:top}
svg{margin:.5em 0;max-width:100%;height:auto}text{font:11px system-ui}</style></head><body><h1>Fertility rates: the next year of each country</h1>
<h2>Versions</h2>${errorPlot(candidates)}
<div class="table"><table><tr><th>Candidate</th><th>Version</th><th>Decision</th><th>Error</th><th>Reasons</th></tr>${rows.join('')}</table></div>
<h2>Forecasts of the deployed version</h2>${plots.join('')}
${later ? laterPlots(later) : ''}
<p>Data: The World Bank, fertility rate (births per woman), CC BY 4.0.</p></body></html>`;
}

function errorPlot(candidates: readonly Candidate[]): string {
  const [first] = candidates;
  const bars = [{ name: 'baseline', rmse: first?.baseline ?? 0 }, ...candidates];
  const longest = Math.max(...bars.map(({ rmse }) => rmse));
  const lines = bars.map(({ name, rmse }, at) => {
    const [y, width] = [20 + at * 26, (rmse / longest) * 320];
    const color = at === 0 ? '#9e9e9e' : '#1565c0';
    return `<text x="0" y="${y + 12}">${escaped(name)}</text><rect x="170" y="${y}" width="${width.toFixed(1)}" height="16" fill="${color}"/><text x="${(175 + width).toFixed(1)}" y="${y + 12}">${rmse.toFixed(4)}</text>`;
  });
  const title = 'Root mean squared error on held-out years';
  const height = 30 + bars.length * 26;
  return `<svg viewBox="0 0 560 ${height}" width="560" height="${height}" role="img" aria-label="${title}"><text x="0" y="10">${title}</text>${lines.join('')}</svg>`;
}

function forecastPlot({ country, predicted, version }: Forecast, { years }: Series): string {
  const values = [...years.map(({ rate }) => rate), predicted];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const x = (at: number) => PAD + (at / (values.length - 1)) * (WIDTH - 2 * PAD);
  const y = (value: number) => HEIGHT - PAD - ((value - low) / (high - low || 1)) * (HEIGHT - 2 * PAD);
  const points = years.map(({ rate }, at) => `${x(at).toFixed(1)},${y(rate).toFixed(1)}`).join(' ');
  const last = values.length - 1;
  const span = `${years[0]?.end.slice(0, 4)}–${years.at(-1)?.end.slice(0, 4)}`;
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${escaped(country)}">
<text x="${PAD}" y="16">${escaped(country)}, ${span}, then ${predicted.toFixed(3)} by version ${escaped(version)}</text>
<text x="0" y="${y(high) + 4}">${high.toFixed(1)}</text><text x="0" y="${y(low) + 4}">${low.toFixed(1)}</text>
<polyline points="${points}" fill="none" stroke="#455a64" stroke-width="2"/>
<circle cx="${x(last).toFixed(1)}" cy="${y(predicted).toFixed(1)}" r="5" fill="#c62828"/></svg>`;
}
