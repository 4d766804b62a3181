import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { type Candidate, startSystem } from './embedded/system.ts';

/*
 * `npm run bench:start [-- --rounds 5]`: start-up time and memory of `npm start`, beside a copy of this checkout without
 * the lifecycle. Exits with 1 when the best of all rounds is more than 10 % above: until it is used, the lifecycle
 * costs nothing.
 */
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
const LIMIT = 0.1;
/** Neither is read at the start of the system, or each copy has its own. */
const LEFT_OUT = /^(node_modules|\.git|\.modelyard|cdk\.out|coverage|lifecycle|test|docs)(\/|$)/;

async function withoutLifecycle(): Promise<string> {
  const here = process.cwd();
  const copy = await mkdtemp(join(tmpdir(), 'modelyard-without-'));
  await cp(here, copy, { recursive: true, filter: (path) => !LEFT_OUT.test(relative(here, path)) });
  await symlink(join(here, 'node_modules'), join(copy, 'node_modules'));
  // The folders in which the system looks for the worker and its models.
  for (const folder of ['worker', 'models']) await mkdir(join(copy, 'lifecycle', folder), { recursive: true });
  return copy;
}

/** Other programs on the machine only ever add. */
const best = (numbers: readonly number[]): number => Math.min(...numbers);

const copy = await withoutLifecycle();
const candidates: readonly Candidate[] = [
  { name: 'without the lifecycle', checkout: copy, args: [], hasDataFolder: true },
  { name: 'with it, not used', checkout: process.cwd(), args: [], hasDataFolder: true },
];
const measured = candidates.map(() => ({ startMs: [] as number[], mib: [] as number[] }));
try {
  // The first round fills caches of the machine.
  for (let round = 0; round <= Number(values.rounds); round += 1) {
    for (const [index, candidate] of candidates.entries()) {
      const system = await startSystem(candidate);
      const bytes = await system.memory();
      await system.stop();
      if (round === 0) continue;
      measured[index]?.startMs.push(system.startMs);
      measured[index]?.mib.push((bytes ?? 0) / 2 ** 20);
    }
  }
} finally {
  await rm(copy, { recursive: true, force: true });
}
const typical = (index: number) => ({
  startMs: best(measured[index]?.startMs ?? []),
  mib: best(measured[index]?.mib ?? []),
});
const [base, own] = [typical(0), typical(1)];
for (const [index, { startMs, mib }] of [base, own].entries()) {
  const name = candidates[index]?.name.padEnd(22);
  process.stdout.write(`${name} ready after ${startMs.toFixed(0)} ms, ${mib.toFixed(0)} MiB in all processes\n`);
}
for (const [what, ratio] of [
  ['start-up time', own.startMs / base.startMs],
  ['memory', own.mib / base.mib],
] as const) {
  const isMet = ratio - 1 <= LIMIT;
  process.stdout.write(`${isMet ? 'ok  ' : 'FAIL'} ${what}: ${((ratio - 1) * 100).toFixed(1)} %\n`);
  if (!isMet) process.exitCode = 1;
}
