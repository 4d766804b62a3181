import { escaped } from '#lifecycle/escaped.ts';
import type { Later } from './second-half.ts';
import type { Answered } from './watch.ts';

const [WIDTH, HEIGHT, PAD, BINS] = [460, 220, 36, 24];
const COLORS = ['#1565c0', '#c62828', '#2e7d32', '#6a1b9a'];

/** Plots of the second half: distributions then and now, and the error of each version over the years. */
export const laterPlots = ({ url, before, answered, alert }: Later): string =>
  `<h2>Time goes on</h2><p><b>Alert:</b> ${escaped(alert)}</p>
${distributionPlot(
  before.map(({ request }) => request.rate),
  answered.map(({ request }) => request.rate),
)}${errorPlot(answered)}
<p>Both are real data. Only the pace is simulated: the years pass in seconds. The
<a href="${url}/models/fertility/monitor">page of the monitoring</a> has the windows.</p>`;

function distributionPlot(then: readonly number[], now: readonly number[]): string {
  const [low, high] = [Math.min(...then, ...now), Math.max(...then, ...now)];
  const densities = [then, now].map((values) => {
    const counts = Array.from({ length: BINS }, () => 0);
    for (const value of values) {
      const bin = Math.min(BINS - 1, Math.floor(((value - low) / (high - low)) * BINS));
      counts[bin] = (counts[bin] ?? 0) + 1 / values.length;
    }
    return counts;
  });
  const top = Math.max(...densities.flat());
  const lines = densities.map((counts, at) => {
    const points = counts.map((share, bin) => `${x(bin / (BINS - 1))},${y(share / top)}`).join(' ');
    return `<polyline points="${points}" fill="none" stroke="${COLORS[at]}" stroke-width="2"/>`;
  });
  const legend = ['of the training years', 'of the predicted years'].map(legendOf).join('');
  return plot('Distribution of rate', `${lines.join('')}${legend}${axis(low.toFixed(1), high.toFixed(1))}`);
}

function errorPlot(answered: readonly Answered[]): string {
  const versions = [...Map.groupBy(answered, ({ version }) => version)].map(([version, own]) => {
    const years = [...Map.groupBy(own, ({ year }) => year)].map(([year, values]) => {
      const sum = values.reduce((total, { predicted, outcome }) => total + (predicted - outcome) ** 2, 0);
      return { year, rmse: Math.sqrt(sum / values.length) };
    });
    return { version, years: years.toSorted((a, b) => a.year - b.year) };
  });
  const all = versions.flatMap(({ years }) => years);
  const [first, last] = [Math.min(...all.map(({ year }) => year)), Math.max(...all.map(({ year }) => year))];
  const top = Math.max(...all.map(({ rmse }) => rmse));
  const lines = versions.map(({ years }, at) => {
    const points = years.map(({ year, rmse }) => [x((year - first) / (last - first || 1)), y(rmse / top)] as const);
    const dots = points.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3" fill="${COLORS[at % COLORS.length]}"/>`);
    const line = points.map((point) => point.join(',')).join(' ');
    return `<polyline points="${line}" fill="none" stroke="${COLORS[at % COLORS.length]}" stroke-width="2"/>${dots.join('')}`;
  });
  const legend = versions.map(({ version }, at) => legendOf(`of version ${version}`, at)).join('');
  const title = `Error (RMSE) over the years, up to ${top.toFixed(3)}`;
  return plot(title, `${lines.join('')}${legend}${axis(String(first), String(last))}`);
}

const x = (share: number): string => (PAD + share * (WIDTH - 2 * PAD)).toFixed(1);
const y = (share: number): string => (HEIGHT - PAD - share * (HEIGHT - 2 * PAD - 10)).toFixed(1);

const legendOf = (name: string, at: number): string =>
  `<text x="${WIDTH - 170}" y="${40 + at * 16}" fill="${COLORS[at % COLORS.length]}">${escaped(name)}</text>`;

const axis = (low: string, high: string): string =>
  `<text x="${PAD}" y="${HEIGHT - 12}">${low}</text><text x="${WIDTH - 2 * PAD}" y="${HEIGHT - 12}">${high}</text>`;

const plot = (title: string, content: string): string =>
  `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${title}"><text x="${PAD}" y="16">${title}</text>${content}</svg>`;
