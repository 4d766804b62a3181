import type { JsonObject } from '#core';
import { escaped } from '../escaped.ts';

const COLORS: Readonly<Record<string, string>> = {
  succeeded: '#2e7d32',
  skipped: '#607d8b',
  failed: '#c62828',
  canceled: '#8d6e63',
  queued: '#1565c0',
  waiting: '#9e9e9e',
};

/** A page that shows the progress, the durations and the log of a run, and reloads while it runs. */
export function runPage(run: JsonObject): string {
  const stages = run.stages as readonly JsonObject[];
  const log = run.log as readonly JsonObject[];
  const longest = Math.max(1, ...stages.map(({ duration_ms: ms }) => Number(ms ?? 0)));
  const rows = stages.map(({ name, uses, state, duration_ms: ms, error }) => {
    const width = Math.round((Number(ms ?? 0) / longest) * 100);
    const color = COLORS[String(state)] ?? '#000';
    return `<tr><td>${escaped(name)}</td><td>${escaped(uses)}</td><td style="color:${color}">${escaped(state)}</td>
<td><div style="background:${color};width:${width}%;min-width:2px;height:.8em"></div></td>
<td>${ms === null ? '' : `${escaped(ms)} ms`}</td><td>${escaped(error)}</td></tr>`;
  });
  const lines = log.map(({ at, stage, text }) => `${escaped(at)}  ${escaped(stage ?? '-')}  ${escaped(text)}`);
  const { ended, stages: count } = run.progress as JsonObject;
  const reload = run.state === 'running' ? '<meta http-equiv="refresh" content="2">' : '';
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">${reload}<title>Run ${escaped(run.id)}</title>
<style>body{font:14px system-ui;margin:2em;overflow-wrap:anywhere}@media(max-width:600px){body{margin:1em}}
.table{overflow-x:auto;overflow-wrap:normal}td,th{padding:.2em .8em;text-align:left}td:nth-child(4){min-width:6em;width:20em}
progress{max-width:100%}pre{white-space:pre-wrap}</style></head>
<body><h1>${escaped(run.pipeline)}, ${escaped(run.logical_date)}</h1>
<p><b>${escaped(run.state)}</b> · ${escaped(ended)} of ${escaped(count)} stages · ${escaped(run.id)}</p>
<progress value="${escaped(ended)}" max="${escaped(count)}"></progress>
<div class="table"><table><tr><th>Stage</th><th>Operation</th><th>State</th><th>Duration</th><th></th><th>Error</th></tr>${rows.join('')}</table></div>
<h2>Log</h2><pre>${lines.join('\n')}</pre></body></html>`;
}
