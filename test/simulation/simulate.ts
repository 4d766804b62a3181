import { parseArgs } from 'node:util';
import { PLANTS, type PlantName } from './plants/plants.ts';
import { type SimulationResult, show, simulate } from './simulation.ts';

const USAGE = `npm run simulate -- [options]

  --seeds N     play N seeds (default 10,000)
  --from S      the first of them (default 1)
  --threads T   in T threads (default: one for each processor)
  --all         go on after a seed that breaks a rule, and count them by rule
  --seed S      show everything that happens in one seed; with --shrink, its smallest form that breaks the same rule
  --plants      put each known defect into the code, and show that it is found within N seeds`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    from: { type: 'string', default: '1' },
    threads: { type: 'string' },
    all: { type: 'boolean', default: false },
    seed: { type: 'string' },
    shrink: { type: 'boolean', default: false },
    plants: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const range = {
  from: numberOf('from', values.from),
  seeds: numberOf('seeds', values.seeds),
  ...(values.threads === undefined ? {} : { threads: numberOf('threads', values.threads) }),
};

if (values.help) print(USAGE);
else if (values.seed !== undefined)
  await show(values.shrink ? 'report' : 'trace', numberOf('seed', values.seed), print);
else if (values.plants) await findPlants();
else await play();

async function play(): Promise<void> {
  const result = await simulate({ ...range, isKeepingOn: values.all, onProgress: showProgress });
  print(`${process.stderr.isTTY ? '\r' : ''}${summaryOf(result)}`);
  const [first] = result.failures;
  if (!first) return;
  process.exitCode = 1;
  if (values.all) print(countsOf(result));
  await show('report', first.seed, print);
}

async function findPlants(): Promise<void> {
  for (const [name, { defect }] of Object.entries(PLANTS)) {
    const { failures, seeds, seconds } = await simulate({ ...range, plant: name as PlantName });
    const [first] = failures;
    if (!first) process.exitCode = 1;
    const found = first
      ? `seed ${first.seed}, ${seconds.toFixed(1)} s: ${first.violation.rule}: ${first.violation.what}`
      : `NOT FOUND in ${seeds} seeds`;
    print(`${name} (${defect})\n  ${found}`);
  }
}

function showProgress(seeds: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${seeds} seeds`);
}

function summaryOf({ seeds, steps, seconds, failures }: SimulationResult): string {
  const perSecond = (count: number) => Math.round(count / seconds).toLocaleString('en');
  const broken = failures.length === 0 ? 'no rule broken' : `${failures.length} broke a rule`;
  return `${seeds} seeds, ${steps} steps in ${seconds.toFixed(1)} s: ${perSecond(seeds)} seeds/s, ${perSecond(steps)} steps/s; ${broken}`;
}

function countsOf({ failures }: SimulationResult): string {
  const byRule = Map.groupBy(failures, ({ violation }) => violation.rule);
  return [...byRule]
    .map(
      ([rule, found]) =>
        `  ${found.length} × ${rule}: seeds ${found
          .slice(0, 8)
          .map(({ seed }) => seed)
          .join(', ')}`,
    )
    .join('\n');
}

function numberOf(name: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  print(`--${name} takes a positive whole number.\n\n${USAGE}`);
  process.exit(2);
}
