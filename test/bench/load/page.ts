import type { Sample } from './run.ts';
import { type Summary, textOf } from './summary.ts';

const WIDTH = 900;
const HEIGHT = 320;
const LEFT = 60;
/** More points than this say no more. */
const MAX_POINTS = 5_000;

/** A page that stands alone: the figures, and every task as a point of its latency over time, on a logarithmic scale. */
export const htmlOf = (summary: Summary, samples: readonly Sample[]): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Load on ${escaped(summary.model)}</title>
<style>body{font:15px system-ui;margin:2rem;max-width:60rem}pre{background:#f4f4f4;padding:1rem}text{font:11px system-ui}</style>
<h1>Load on ${escaped(summary.model)}</h1>
<pre>${escaped(textOf(summary))}</pre>
${plotOf(samples)}
<p>Each point is a task: when it was due, and how long after that it had ended. Red ones did not succeed.</p>
</html>
`;

function plotOf(samples: readonly Sample[]): string {
  const lastMs = Math.max(1, ...samples.map(({ atMs }) => atMs));
  const maxMs = Math.max(10, ...samples.map(({ tookMs }) => tookMs));
  const decades = Math.ceil(Math.log10(maxMs));
  const x = (atMs: number): number => LEFT + (atMs / lastMs) * (WIDTH - LEFT - 10);
  const y = (ms: number): number => HEIGHT - 30 - (Math.log10(Math.max(1, ms)) / decades) * (HEIGHT - 50);
  const step = Math.max(1, Math.ceil(samples.length / MAX_POINTS));
  const points = samples
    .filter((_, index) => index % step === 0)
    .map(({ atMs, tookMs, outcome }) => {
      const color = outcome === 'succeeded' ? '#2563eb' : '#dc2626';
      return `<circle cx="${x(atMs).toFixed(1)}" cy="${y(tookMs).toFixed(1)}" r="1.6" fill="${color}" fill-opacity="0.5"/>`;
    });
  const lines = Array.from({ length: decades + 1 }, (_, decade) => {
    const at = y(10 ** decade).toFixed(1);
    return `<line x1="${LEFT}" x2="${WIDTH}" y1="${at}" y2="${at}" stroke="#ddd"/><text x="4" y="${at}">${10 ** decade} ms</text>`;
  });
  const end = `<text x="${WIDTH - 60}" y="${HEIGHT - 8}">${(lastMs / 1000).toFixed(0)} s</text>`;
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" role="img" aria-label="Latency over time">${[...lines, ...points, end].join('')}</svg>`;
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
