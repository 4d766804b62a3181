import { parseArgs } from 'node:util';
import { startProcessInstance } from '#test/support/process-instance.ts';
import { processModel } from '#test/support/process-model.ts';
import { type Opened, startPlatform } from './open-platforms.ts';

/**
 * Models that compute without yielding, for longer and shorter than their leases, on every platform. Each task must
 * succeed in its only run, and no lease may be lost:
 * npm run torture:blocked -- [--platforms memory,aws] [--leases 5,15] [--seconds 12,20] [--action compute|block]
 */
const { values } = parseArgs({
  options: {
    platforms: { type: 'string', default: 'memory,aws,sqlite,rabbit-redis' },
    leases: { type: 'string', default: '5,15,30,60' },
    seconds: { type: 'string', default: '12,20,45' },
    action: { type: 'string', default: 'compute' },
  },
});
const numbersIn = (list: string): number[] => list.split(',').map(Number);
/** More than the machine may need to start a model and to write a result. */
const PATIENCE_MS = 60_000;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

await using cleanup = new AsyncDisposableStack();

/** Runs one task of so many seconds under such a lease; resolves with what is wrong, or with nothing. */
async function fault(open: () => Promise<Opened>, leaseSeconds: number, seconds: number): Promise<string | undefined> {
  const [platform, close] = await open();
  const backend = processModel('in_slots');
  const instance = await startProcessInstance({ platform, backend, leaseSeconds });
  try {
    await instance.untilReady();
    const task = await instance.submit(values.action, seconds);
    const ended = await instance.untilEnded(task, seconds * 1000 + PATIENCE_MS);
    const { text } = await instance.get('/metrics');
    const losses = /^modelyard_instance_lease_losses_total (\d+)$/m.exec(text)?.[1];
    const { state, attempts, fence, error } = ended;
    const isGood = state === 'succeeded' && attempts === 1 && fence === 1 && losses === '0';
    if (isGood && backend.launches.length === 1) return undefined;
    return JSON.stringify({ state, attempts, fence, error, losses, processes: backend.launches.length });
  } finally {
    await instance.stop();
    await close();
  }
}

let faults = 0;
for (const name of values.platforms.split(',')) {
  const open = await startPlatform(name, { model: 'in_slots', cleanup });
  for (const lease of numbersIn(values.leases)) {
    const runs = numbersIn(values.seconds).map(async (seconds) => {
      const found = await fault(open, lease, seconds);
      if (found !== undefined) faults++;
      process.stdout.write(
        `${name}: lease ${lease} s, ${values.action} ${seconds} s: ${found ?? 'succeeded, 1 run'}\n`,
      );
    });
    await Promise.all(runs);
  }
}
process.stdout.write(faults === 0 ? 'No fault.\n' : `${faults} faults.\n`);
process.exitCode = faults === 0 ? 0 : 1;
