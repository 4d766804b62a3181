import { createHash } from 'node:crypto';
import type { JsonObject, MonitorReport, MonitorWindow } from '#core';
import { escaped } from '../escaped.ts';
import type { Distribution } from './describe-column.ts';
import { barPlot, linePlot } from './plots.ts';

/** Content of the page besides the report. */
export interface PageData {
  readonly report: MonitorReport;
  /** Of the newest judged window, by column. */
  readonly distributions: Readonly<Record<string, Distribution>>;
  /** Of the model, newest first. Empty if they are not known. */
  readonly versions: readonly JsonObject[];
  /** Newest first. Empty if they are not known. */
  readonly alerts: readonly JsonObject[];
}

const STYLE = `body{font:14px system-ui;margin:2em;max-width:1100px;color:#212121;overflow-wrap:anywhere}
@media(max-width:600px){body{margin:1em}}.table{overflow-x:auto;overflow-wrap:normal}
table{border-collapse:collapse}td,th{padding:.2em .8em;text-align:left;border-bottom:1px solid #e0e0e0}
svg{margin:.5em 0;max-width:100%;height:auto}text{font:11px system-ui}.drift{color:#c62828}.good{color:#2e7d32}`;

/** No scripts, no other files: the style is allowed by its hash. */
export const REPORT_PAGE_HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
} as const;

/** The report of a model as a page: errors over time, distributions then and now, windows, versions and alerts. */
export function reportPage({ report, distributions, versions, alerts }: PageData): string {
  const { model, outcomes, windows } = report;
  const judged = windows.filter(({ computed_at }) => computed_at !== null);
  const [newest] = judged;
  const refused = Object.entries(outcomes.refused).map(([code, count]) => `${count} ${code}`);
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(model)}</title><style>${STYLE}</style></head>
<body><h1>${escaped(model)}</h1>
<p>${newest ? stateOf(newest) : 'No window has been judged yet.'} Outcomes: ${outcomes.recorded} recorded${refused.length > 0 ? `; refused: ${escaped(refused.join(', '))}` : ''}.</p>
<h2>Error over time</h2>${errorPlots(judged)}
<h2>Then and now</h2><p>Grey: training set. Blue: the newest judged window.</p>${Object.entries(distributions)
    .map(([name, distribution]) => barPlot(name, distribution))
    .join('')}
<h2>Windows</h2>${table(['Start', 'Version', 'State', 'Predictions', 'Drift', 'Error', 'Outcomes'], windows.map(windowRow))}
<h2>Versions</h2>${table(['Version', 'Created', 'Aliases'], versions.map(versionRow))}
<h2>Alerts</h2>${alerts.length === 0 ? '<p>None.</p>' : table(['State', 'Rule', 'Since', 'Reason'], alerts.map(alertRow))}
</body></html>`;
}

function stateOf({ drifted, drift, version, start }: MonitorWindow): string {
  const since = `in version ${escaped(version)} since ${escaped(start)}.`;
  // Too few predictions, or no training set.
  if (drift.length === 0) return `Not tested for drift ${since}`;
  const names = drift.filter((finding) => finding.drifted).map(({ feature }) => feature);
  const text = drifted ? `Drift of ${names.join(', ')}` : 'No drift';
  return `<b class="${drifted ? 'drift' : 'good'}">${escaped(text)}</b> ${since}`;
}

function errorPlots(judged: readonly MonitorWindow[]): string {
  const known = judged.filter(({ performance }) => performance !== null).toReversed();
  const versions = [...new Set(known.map(({ version }) => version))];
  const plots = (['rmse', 'mae', 'accuracy'] as const).flatMap((metric) => {
    const lines = versions.map((version) => ({
      name: `version ${version}`,
      points: known.flatMap((window) => {
        const value = window.version === version ? window.performance?.[metric] : undefined;
        return value === undefined ? [] : [{ at: Date.parse(window.start), value }];
      }),
    }));
    return lines.some(({ points }) => points.length > 0) ? [linePlot(metric, lines)] : [];
  });
  return plots.length > 0 ? plots.join('') : '<p>No outcome is known yet.</p>';
}

function windowRow({
  start,
  version,
  state,
  shadow,
  predictions,
  drift,
  performance,
}: MonitorWindow): readonly string[] {
  const findings = drift.filter(({ drifted }) => drifted).map(findingText);
  const error = performance?.rmse ?? performance?.accuracy;
  return [
    ...[start, shadow ? `${version} (shadow)` : version, state, String(predictions), findings.join('; ')],
    ...[error === undefined ? '' : error.toPrecision(4), String(performance?.outcomes ?? 0)],
  ];
}

const findingText = ({ feature, statistic, value, p_value, threshold }: MonitorWindow['drift'][number]): string =>
  p_value === null
    ? `${feature}: ${statistic} ${value.toPrecision(3)} ≥ ${threshold}`
    : `${feature}: ${statistic} p ${p_value.toPrecision(3)} ≤ ${threshold}`;

const versionRow = ({ version, created_at, aliases }: JsonObject): readonly string[] => [
  ...[String(version), String(created_at), (Array.isArray(aliases) ? aliases : []).join(', ')],
];

const alertRow = ({ state, rule, since, started_at, reason, summary }: JsonObject): readonly string[] => [
  ...[String(state ?? ''), String(rule ?? ''), String(since ?? started_at ?? ''), String(reason ?? summary ?? '')],
];

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  return `<div class="table"><table>${line(head, 'th')}${rows.map((row) => line(row, 'td')).join('\n')}</table></div>`;
}
