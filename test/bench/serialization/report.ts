import { escaped } from '../charts/chart.ts';
import { figureOf, pageOf, tableIn } from '../charts/page.ts';
import type { Comparison, Costs } from './compare.ts';
import { plotOf } from './plot.ts';

const TITLE = 'JSON against protobuf';
const HOW =
  '100 fields a message: words of 4 to 24 letters, and doubles of full precision. Times are the median of many ' +
  `rounds, measured with Node ${process.version}.`;
const COLUMNS = [
  'numbers',
  'JSON bytes',
  'protobuf bytes',
  'JSON encode µs',
  'protobuf encode µs',
  'JSON decode µs',
  'protobuf decode µs',
] as const;

/** The figures as a Markdown table. */
export const tableOf = (rows: readonly Comparison[]): string =>
  [COLUMNS, COLUMNS.map(() => '---'), ...rows.map(cellsOf)].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** The report in Markdown. Its plot is `serialization.svg`. */
export const markdownOf = (rows: readonly Comparison[]): string =>
  `# ${TITLE}\n\n${HOW}\n\n${tableOf(rows)}\n\n![size and time by the share of numbers](serialization.svg)\n\n${conclusionOf(rows)}\n`;

/** The report as a standalone page. */
export const htmlOf = (rows: readonly Comparison[]): string =>
  pageOf(TITLE, [
    `<p>${escaped(conclusionOf(rows))}</p>`,
    figureOf(plotOf(rows), HOW),
    tableIn(
      COLUMNS.map((name) => ({ name, isNumber: true })),
      rows.map(cellsOf),
    ),
  ]);

/** What the figures mean for a user, in a few sentences. Throws without figures. */
export function conclusionOf(rows: readonly Comparison[]): string {
  const strings = rows[0];
  const numbers = rows.at(-1);
  if (!strings || !numbers) throw new Error('There are no figures.');
  const smaller = ({ json, protobuf }: Comparison): string => (json.bytes / protobuf.bytes).toFixed(1);
  const slower = ({ json, protobuf }: Comparison): string => (work(protobuf) / work(json)).toFixed(1);
  const worst = Math.max(...rows.flatMap(({ json, protobuf }) => [work(json), work(protobuf)]));
  return (
    `A protobuf message of strings is ${smaller(strings)} times smaller than JSON, one of numbers ${smaller(numbers)} times. ` +
    `Writing and reading takes ${slower(strings)} and ${slower(numbers)} times as long as JSON. ` +
    'Use protobuf for large messages and for many numbers, and readable JSON for everything else. ' +
    `The slowest case took ${Math.ceil(worst)} µs, which is little compared with a queue.`
  );
}

const work = ({ encodeUs, decodeUs }: Costs): number => encodeUs + decodeUs;

const cellsOf = ({ numberShare, json, protobuf }: Comparison): readonly string[] => [
  `${Math.round(numberShare * 100)} %`,
  String(json.bytes),
  String(protobuf.bytes),
  ...[json.encodeUs, protobuf.encodeUs, json.decodeUs, protobuf.decodeUs].map((us) => us.toFixed(1)),
];
