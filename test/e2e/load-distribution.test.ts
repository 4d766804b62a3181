import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { post, submit } from '#test/support/api-client.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';

const PEERS = fileURLToPath(new URL('../fixtures/peers', import.meta.url));
/** More than there are slots, so that no instance ever has nothing to do. */
const CALLERS = 32;
const RUN_SECONDS = 0.08;

let system: EmbeddedSystem;
let equals: readonly string[];
/** Launched once, also when its test is repeated. */
let slow: string | undefined;
beforeAll(async () => {
  system = await EmbeddedSystem.start({ environment: { MODELYARD_MODELS_PATH: PEERS } });
  equals = ['peers-1', await launch('Quick'), await launch('Quick')];
}, 90_000);
afterAll(() => system[Symbol.asyncDispose]());

interface InstanceRow {
  readonly id: string;
  readonly state: string;
}

async function launch(variant: string): Promise<string> {
  const { id } = (await (await post(system, '/models/peers/instances', { variant })).json()) as InstanceRow;
  await vi.waitFor(
    async () => {
      const { instances } = (await (await system.fetch('/models/peers/instances')).json()) as {
        instances: readonly InstanceRow[];
      };
      expect(instances).toContainEqual(expect.objectContaining({ id, state: 'ready' }));
    },
    { timeout: 30_000, interval: 100 },
  );
  return id;
}

/** Keeps a steady stream of so many tasks going, and counts which process ran how many of them. */
async function share(total: number): Promise<ReadonlyMap<unknown, number>> {
  const counts = new Map<unknown, number>();
  const request = { action: 'answer', seconds: RUN_SECONDS };
  let sent = 0;
  const caller = async () => {
    while (sent++ < total) {
      const task = await submit(system, 'peers', request, { Prefer: 'wait=20' });
      expect(task).toMatchObject({ state: 'succeeded' });
      const { result } = task;
      counts.set(result?.pid, (counts.get(result?.pid) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return counts;
}

const pidOf = (id: string) => system.pids(id).at(-1);

describe('a steady stream of tasks', { timeout: 90_000 }, () => {
  it('is shared by equal instances within a fifth, over a thousand tasks', async () => {
    const counts = await share(1000);

    const shares = equals.map((id) => counts.get(pidOf(id)) ?? 0);
    expect(shares.reduce((sum, count) => sum + count, 0)).toBe(1000);
    for (const count of shares) expect(Math.abs(count - 1000 / 3)).toBeLessThanOrEqual(1000 / 3 / 5);
  });

  it('goes less to an instance that is slow', async () => {
    slow ??= await launch('Slow');

    const counts = await share(400);

    const fair = 400 / 4;
    const ofSlow = counts.get(pidOf(slow)) ?? 0;
    expect(counts.size).toBe(4);
    expect(ofSlow).toBeGreaterThan(0);
    expect(ofSlow).toBeLessThan(fair / 2);
  });
});
