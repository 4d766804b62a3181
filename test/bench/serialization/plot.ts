import { type Box, CHART_STYLE, drawChart, drawing, type LegendEntry, lineThrough } from '../charts/chart.ts';
import { linear } from '../charts/scale.ts';
import type { Comparison, Costs } from './compare.ts';

const PANEL: Box = { width: 300, height: 280, left: 72, right: 14, top: 62, bottom: 46 };
const LEGEND_HEIGHT = 34;
const FORMATS = [
  { name: 'JSON', mark: 'other', of: ({ json }: Comparison) => json },
  { name: 'protobuf', mark: 'good', of: ({ protobuf }: Comparison) => protobuf },
] as const satisfies readonly (LegendEntry & { of(row: Comparison): Costs })[];
const PANELS = [
  { what: 'bytes', title: 'Size', unit: 'bytes a message' },
  { what: 'encodeUs', title: 'Time to encode', unit: 'µs a message' },
  { what: 'decodeUs', title: 'Time to decode', unit: 'µs a message' },
] as const;

/** Size and time of both formats over the share of numbers, one panel each. */
export function plotOf(rows: readonly Comparison[]): string {
  const panels = PANELS.map(
    (panel, index) => `<g transform="translate(${index * PANEL.width} 0)">${panelOf(rows, panel)}</g>`,
  );
  const size = { width: PANEL.width * PANELS.length, height: PANEL.height };
  return drawing(size, 'Size, time to encode and time to decode by the share of numbers', panels.join(''));
}

/** The plot as a standalone SVG file. */
export const plotFile = (rows: readonly Comparison[]): string =>
  `${plotOf(rows).replace('>', `><style>${CHART_STYLE}svg{background:var(--paper)}</style>`)}\n`;

function panelOf(rows: readonly Comparison[], { what, title, unit }: (typeof PANELS)[number]): string {
  const { width, height, left, right, top, bottom } = PANEL;
  const most = Math.max(...rows.flatMap((row) => FORMATS.map(({ of }) => of(row)[what])));
  const x = linear(100, [left, width - right]);
  const y = linear(most, [height - bottom, top]);
  const lines = FORMATS.flatMap(({ mark, of }) => {
    const points = rows.map((row) => [x.at(row.numberShare * 100), y.at(of(row)[what])] as const);
    const dots = points.map(([atX, atY]) => `M${atX.toFixed(1)} ${atY.toFixed(1)}h0`).join('');
    return [lineThrough(mark, points), `<path class="${mark} large" d="${dots}"/>`];
  });
  const legend = FORMATS.map(({ name, mark }, index) => {
    const at = left + index * 70;
    return `<path class="${mark}" d="M${at} ${LEGEND_HEIGHT + 4}h14"/><text x="${at + 19}" y="${LEGEND_HEIGHT + 8}">${name}</text>`;
  });
  return drawChart({
    title,
    box: PANEL,
    x: { name: 'fields that are numbers, in %', scale: x },
    y: { name: unit, scale: y, tick: (value) => value.toLocaleString('en') },
    marks: [...lines, ...legend],
  });
}
