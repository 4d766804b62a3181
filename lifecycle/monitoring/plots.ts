import { escaped } from '../escaped.ts';
import type { Distribution } from './describe-column.ts';

const [WIDTH, HEIGHT, PAD] = [340, 190, 30];
const COLORS = ['#1565c0', '#c62828', '#2e7d32', '#6a1b9a', '#ef6c00'];

interface Line {
  readonly name: string;
  /** Times are Unix milliseconds. */
  readonly points: readonly { readonly at: number; readonly value: number }[];
}

/** Values over time, a line for each version. */
export function linePlot(title: string, lines: readonly Line[]): string {
  const points = lines.flatMap((line) => line.points);
  const times = points.map(({ at }) => at);
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const highest = Math.max(...points.map(({ value }) => value)) || 1;
  const x = (at: number) => (PAD + ((at - from) / (to - from || 1)) * (2 * WIDTH - 2 * PAD)).toFixed(1);
  const y = (value: number) => (HEIGHT - PAD - (value / highest) * (HEIGHT - 2 * PAD)).toFixed(1);
  const drawn = lines.map(({ name, points }, index) => {
    const color = COLORS[index % COLORS.length];
    const path = points.map(({ at, value }) => `${x(at)},${y(value)}`).join(' ');
    const dots = points
      .map(({ at, value }) => `<circle cx="${x(at)}" cy="${y(value)}" r="3" fill="${color}"/>`)
      .join('');
    const label = `<text x="${2 * WIDTH - 90}" y="${14 + 13 * index}" fill="${color}">${escaped(name)}</text>`;
    return `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2"/>${dots}${label}`;
  });
  const ends = `<text x="${PAD}" y="${HEIGHT - 8}">${minuteOf(from)}</text><text x="${2 * WIDTH - 130}" y="${HEIGHT - 8}">${minuteOf(to)}</text>`;
  return svg(
    2 * WIDTH,
    title,
    `<text x="0" y="${y(highest)}">${highest.toPrecision(3)}</text>${ends}${drawn.join('')}`,
  );
}

/** The shares of a column in its training set and in a window, as bars behind each other. */
export function barPlot(name: string, { edges, labels, reference, current }: Distribution): string {
  const highest = Math.max(...current, ...(reference ?? []), 1e-9);
  const step = (WIDTH - 2 * PAD) / Math.max(1, current.length);
  const bar = (share: number, at: number, color: string, inset: number) => {
    const height = (share / highest) * (HEIGHT - 2 * PAD);
    const place = `x="${(PAD + at * step + inset).toFixed(1)}" y="${(HEIGHT - PAD - height).toFixed(1)}"`;
    return `<rect ${place} width="${Math.max(1, step - 2 * inset).toFixed(1)}" height="${height.toFixed(1)}" fill="${color}"/>`;
  };
  const bars = [
    ...(reference ?? []).map((share, at) => bar(share, at, '#bdbdbd', 0)),
    ...current.map((share, at) => bar(share, at, '#1565c0', step / 4)),
  ];
  const [first, last] = edges
    ? [edges[0], edges.at(-1)].map((edge) => edge?.toPrecision(4))
    : [labels?.[0], labels?.at(-1)];
  const ends = `<text x="${PAD}" y="${HEIGHT - 8}">${escaped(first)}</text><text x="${WIDTH - 2 * PAD}" y="${HEIGHT - 8}">${escaped(last)}</text>`;
  return svg(WIDTH, name, `${bars.join('')}${ends}`);
}

const svg = (width: number, title: string, content: string): string =>
  `<svg viewBox="0 0 ${width} ${HEIGHT}" width="${width}" height="${HEIGHT}" role="img" aria-label="${escaped(title)}"><text x="${PAD}" y="14">${escaped(title)}</text>${content}</svg>`;

const minuteOf = (at: number): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ');
