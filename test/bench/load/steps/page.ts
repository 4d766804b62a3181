import { type Box, drawChart, drawing, escaped, lineThrough } from '../../charts/chart.ts';
import { figureOf, pageOf, tableIn } from '../../charts/page.ts';
import { linear, logarithmic } from '../../charts/scale.ts';
import { goodputOf, type Step, type Steps, type Verdict } from './goals.ts';
import { COLUMNS, figuresOf, headline, sentence } from './words.ts';

const BOX: Box = { width: 900, height: 300, left: 70, right: 18, top: 36, bottom: 46 };
const ACROSS = [BOX.left, BOX.width - BOX.right] as const;
const UP = [BOX.height - BOX.bottom, BOX.top] as const;
const LOWEST_MS = 0.1;

interface Line {
  readonly name: string;
  readonly mark: string;
  readonly of: (step: Step) => number | undefined;
}

/** The HTML report: curves over the offered rate, the table and the verdicts. */
export function stepsPage(measured: Steps, verdicts: readonly Verdict[]): string {
  const { steps, startedAt } = measured;
  return pageOf(`Steps of load on ${measured.model}`, [
    `<p class="soft">${escaped(`${headline(measured)}; begun ${startedAt}`)}</p>`,
    tableIn([{ name: 'goal' }, { name: '' }, { name: 'found' }], verdicts.map(verdictRow)),
    figureOf(rates(steps), 'Without limits, what is served falls when more is offered than can be served.'),
    figureOf(times(steps), 'Logarithmic. Times count from when a request was due.'),
    figureOf(memory(steps), 'Of all processes of the system, one step after the other.'),
    '<h2>Steps</h2>',
    tableIn(
      COLUMNS.map((name) => ({ name, isNumber: true })),
      steps.map(figuresOf),
    ),
    '<p class="soft">Times in milliseconds, CPU in cores: of the system, and of the sender on the same machine. On a busy machine, what one core serves says more than what was served.</p>',
  ]);
}

const verdictRow = ({ goal, isMet, found }: Verdict) => [goal, isMet ? 'met' : 'MISSED', sentence(found)];

function rates(steps: readonly Step[]): string {
  return chart('Offered and served', 'requests a second', steps, linear(mostOffered(steps), UP), [
    { name: 'served', mark: 'good', of: goodputOf },
    { name: 'refused', mark: 'bad', of: ({ seen, seconds }) => seen.refused / seconds },
  ]);
}

function times(steps: readonly Step[]): string {
  const lines: readonly Line[] = [
    { name: 'served p50', mark: 'low', of: ({ seen }) => seen.servedMs?.p50 },
    { name: 'served p99', mark: 'mid', of: ({ seen }) => seen.servedMs?.p99 },
    { name: 'refused p99', mark: 'bad', of: ({ seen }) => seen.refusedMs?.p99 },
    { name: 'health p99', mark: 'other', of: ({ watched }) => watched.healthMs?.p99 },
  ];
  const values = lines.flatMap(({ of }) => steps.map(of)).filter((value) => value !== undefined);
  const scale = logarithmic([Math.max(LOWEST_MS, Math.min(...values, 1)), Math.max(...values, 1)], UP);
  return chart('Times', 'milliseconds', steps, scale, lines);
}

function memory(steps: readonly Step[]): string {
  const all = steps.flatMap(({ watched }) => watched.memoryMib);
  const x = linear(Math.max(1, all.length), ACROSS);
  const y = linear(Math.max(1, ...all), UP);
  const content = drawChart({
    title: 'Memory',
    box: BOX,
    x: { name: 'seconds of all steps', scale: x },
    y: { name: 'MiB', scale: y },
    marks: [
      lineThrough(
        'mid',
        all.map((mib, second) => [x.at(second), y.at(mib)] as const),
      ),
    ],
  });
  return drawing(BOX, 'Memory of all processes over time', content);
}

type Scale = ReturnType<typeof linear>;

function chart(title: string, unit: string, steps: readonly Step[], y: Scale, lines: readonly Line[]): string {
  const x = linear(mostOffered(steps), ACROSS);
  const content = drawChart({
    title,
    box: BOX,
    x: { name: 'offered requests a second', scale: x },
    y: { name: unit, scale: y, tick: (value) => value.toLocaleString('en') },
    legend: lines,
    marks: lines.map(({ mark, of }) => {
      const points = steps.map((step) => ({ rate: step.rate, value: of(step) }));
      const known = points.flatMap(({ rate, value }) =>
        value === undefined ? [] : [[x.at(rate), y.at(value)] as const],
      );
      return lineThrough(mark, known);
    }),
  });
  return drawing(BOX, `${title} by the offered rate`, content);
}

const mostOffered = (steps: readonly Step[]): number => Math.max(1, ...steps.map(({ rate }) => rate));
