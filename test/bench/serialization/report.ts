import type { Comparison, Costs } from './compare.ts';

const percent = (share: number): string => `${Math.round(share * 100)} %`;
const times = (factor: number): string => `${factor.toFixed(1)}×`;

export const tableOf = (rows: readonly Comparison[]): string =>
  [
    '| numbers | JSON bytes | protobuf bytes | JSON encode µs | protobuf encode µs | JSON decode µs | protobuf decode µs |',
    '|---|---|---|---|---|---|---|',
    ...rows
      .map(({ numberShare, json, protobuf }) =>
        [
          percent(numberShare),
          json.bytes,
          protobuf.bytes,
          ...[json.encodeUs, protobuf.encodeUs, json.decodeUs, protobuf.decodeUs].map((us) => us.toFixed(1)),
        ].join(' | '),
      )
      .map((row) => `| ${row} |`),
  ].join('\n');

/** What the figures mean for a user, in two sentences. */
export function conclusionOf(rows: readonly Comparison[]): string {
  const first = rows[0];
  const last = rows.at(-1);
  if (!first || !last) throw new Error('There is nothing to conclude from.');
  const size = ({ json, protobuf }: Comparison): string => times(json.bytes / protobuf.bytes);
  const work = ({ encodeUs, decodeUs }: Costs): number => encodeUs + decodeUs;
  const speed = ({ json, protobuf }: Comparison): string => times(work(json) / work(protobuf));
  const worst = Math.max(...rows.flatMap(({ json, protobuf }) => [work(json), work(protobuf)]));
  return (
    `A message of strings is ${size(first)} as large in JSON as in protobuf and one of numbers ${size(last)}, ` +
    `and JSON takes ${speed(first)} and ${speed(last)} the time to write and read it. ` +
    `Send protobuf where messages are many, large or full of numbers; below that, the ${Math.ceil(worst)} µs ` +
    'that the slower of the two takes here vanish beside the way through a queue, and JSON is easier to read.'
  );
}

const PANELS = ['bytes', 'encodeUs', 'decodeUs'] as const;
const TITLES = { bytes: 'bytes', encodeUs: 'µs to encode', decodeUs: 'µs to decode' } as const;
const PANEL = { width: 280, height: 220, left: 40, top: 30, bottom: 30 } as const;

export function plotOf(rows: readonly Comparison[]): string {
  const panels = PANELS.map(
    (what, index) => `<g transform="translate(${index * PANEL.width} 0)">${panelOf(rows, what)}</g>`,
  );
  const legend =
    '<text x="10" y="240" fill="#dc2626">JSON</text><text x="60" y="240" fill="#2563eb">protobuf</text>' +
    '<text x="140" y="240">over the share of numbers, 0 to 100 %</text>';
  const width = PANEL.width * PANELS.length;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} 250" font-family="sans-serif" font-size="11">${panels.join('')}${legend}</svg>\n`;
}

function panelOf(rows: readonly Comparison[], what: keyof Costs): string {
  const max = Math.max(...rows.flatMap(({ json, protobuf }) => [json[what], protobuf[what]]));
  const { width, height, left, top, bottom } = PANEL;
  const x = (share: number): number => left + share * (width - left - 20);
  const y = (value: number): number => height - bottom - (value / max) * (height - top - bottom);
  const line = (format: 'json' | 'protobuf', color: string): string => {
    const points = rows.map((row) => `${x(row.numberShare).toFixed(1)},${y(row[format][what]).toFixed(1)}`).join(' ');
    return `<polyline points="${points}" fill="none" stroke="${color}" stroke-width="2"/>`;
  };
  return [
    `<text x="${left}" y="18">${TITLES[what]}</text>`,
    `<text x="2" y="${y(max) + 4}">${max.toFixed(0)}</text><text x="2" y="${y(0)}">0</text>`,
    `<line x1="${left}" x2="${width - 20}" y1="${y(0)}" y2="${y(0)}" stroke="#999"/>`,
    line('json', '#dc2626'),
    line('protobuf', '#2563eb'),
  ].join('');
}
