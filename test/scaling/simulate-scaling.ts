import { parseArgs } from 'node:util';
import { stepScaling, targetTracking } from './cloudwatch.ts';
import { collector } from './collector.ts';
import { judge, type Verdict } from './judge.ts';
import { LOADS } from './loads.ts';
import type { Moment } from './world.ts';

// `npm run simulate:scaling -- --seed 1` draws how instances follow four loads, and compares with CloudWatch alarms.
const { values } = parseArgs({ options: { seed: { type: 'string', default: '1' } } });
const seed = Number(values.seed);
const say = (text: string): void => void process.stdout.write(`${text}\n`);
process.stdout.once('error', () => process.exit(0));
if (!Number.isSafeInteger(seed) || seed < 0) {
  process.stderr.write(`--seed must be a whole number, not "${values.seed}".\n`);
  process.exit(2);
}

const POLICIES = [
  ['collector, once a minute', collector],
  ['step scaling, 2 of 3', stepScaling],
  ['target tracking with FILL', targetTracking],
] as const;
const COLUMNS = 60;

/** One row per number of instances: `#` ready, `.` desired. Each column is a minute. */
function curve(moments: readonly Moment[], peak: number): string {
  const minutes = Array.from({ length: COLUMNS }, (_, at) => moments[Math.min(moments.length - 1, at * 60 + 59)]);
  const rows = Array.from({ length: Math.max(1, peak) }, (_, at) => Math.max(1, peak) - at);
  const row = (level: number) =>
    minutes.map((each) => ((each?.ready ?? 0) >= level ? '#' : (each?.desired ?? 0) >= level ? '.' : ' ')).join('');
  return [...rows.map((level) => `${String(level).padStart(4)} |${row(level)}`), `     +${'-'.repeat(COLUMNS)}`].join(
    '\n',
  );
}

const seconds = (value: number | undefined): string => (value === undefined ? 'never' : `${value} s`);
const cells = (...all: readonly string[]): string => all.map((cell) => cell.padStart(13)).join('');

function row(
  name: string,
  { firstReady, drained, peak, overshoot, flaps, undoneWakes, instanceMinutes }: Verdict,
): string {
  const numbers = [peak, overshoot, flaps, undoneWakes, instanceMinutes].map(String);
  return `  ${name.padEnd(27)}${cells(seconds(firstReady), seconds(drained), ...numbers)}`;
}

say(`Seed ${seed}. A model of at most 10 instances, asleep at first. A start takes 30 to 65 s.`);
for (const load of LOADS) {
  const verdicts = POLICIES.map(([name, policy]) => [name, judge(load, policy(), seed)] as const);
  say(`\n${load.name}: ${load.serviceSeconds} s a run, ${load.slots} slots`);
  const [, first] = verdicts[0] ?? [];
  if (first) say(`${curve(first.moments, first.peak)}  minutes; # ready, . desired, by the collector`);
  say(`  ${''.padEnd(27)}${cells('first start', 'all done', 'peak', 'overshoot', 'flaps', 'undone wakes', 'minutes')}`);
  for (const [name, verdict] of verdicts) say(row(name, verdict));
}
