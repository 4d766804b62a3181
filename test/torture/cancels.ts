import { parseArgs } from 'node:util';
import { PACE, raceCancels } from './cancels/race.ts';
import { startPlatform } from './open-platforms.ts';

/**
 * Races cancels against every moment of a run, on every platform:
 * npm run torture:cancels -- [--platforms memory,sqlite,aws,rabbit-redis] [--cancels 10000]
 */
const { values } = parseArgs({
  options: {
    platforms: { type: 'string', default: 'memory,sqlite,rabbit-redis,aws' },
    cancels: { type: 'string', default: '10000' },
  },
});
const MAX_SHOWN = 10;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

await using cleanup = new AsyncDisposableStack();
const quantile = (sorted: readonly number[], share: number): string =>
  (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(0);

let faults = 0;
for (const name of values.platforms.split(',')) {
  const open = await startPlatform(name, { model: 'model_b', cleanup });
  const [platform, close] = await open();
  const report = await raceCancels({ platform, cancels: Number(values.cancels), ...PACE[name] });
  await close();
  const sorted = report.signalMs.toSorted((a, b) => a - b);
  const again = report.repeated > 0 ? `; ${report.repeated} requests repeated` : '';
  const signal = `signal after p50 ${quantile(sorted, 0.5)} ms, p99 ${quantile(sorted, 0.99)} ms (${sorted.length} aborted runs)`;
  process.stdout.write(
    `${name}: ${report.canceled} canceled, of which ${report.neverRan} never ran, ${report.succeeded} succeeded; ` +
      `${signal}${again}; ${report.faults.length} faults\n`,
  );
  for (const fault of report.faults.slice(0, MAX_SHOWN)) process.stdout.write(`  ${fault}\n`);
  faults += report.faults.length;
}
process.stdout.write(faults === 0 ? 'No fault.\n' : `${faults} faults.\n`);
process.exitCode = faults === 0 ? 0 : 1;
