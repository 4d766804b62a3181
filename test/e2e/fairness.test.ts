import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ended, post, submit } from '#test/support/api-client.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';
import { runExistingClient } from '#test/support/existing-client.ts';

/** As the manifest of model_b has it. */
const SLOTS = 8;
const BACKLOG = 160;
/** Tasks that an instance may hold already: those that run, and those that it has received ahead. */
const HELD = 2 * SLOTS;

let system: EmbeddedSystem;
beforeAll(async () => {
  system = await EmbeddedSystem.start({ environment: { AUTH: 'jwt' } });
}, 60_000);
afterAll(() => system[Symbol.asyncDispose]());

/** The API as one user sees it. */
async function asUser(name: string): Promise<Pick<EmbeddedSystem, 'fetch'>> {
  const authorization = `Bearer ${await runExistingClient(system.url, name)}`;
  return {
    fetch: (path, init = {}) => system.fetch(path, { ...init, headers: { ...init.headers, authorization } }),
  };
}

interface Line {
  readonly started_at: string;
}

describe('two owners of tasks', { timeout: 120_000 }, () => {
  it('take turns: the backlog of one delays the only task of the other by the runs in progress', async () => {
    const [ann, bob] = [await asUser('ann'), await asUser('bob')];
    const requests = Array.from({ length: BACKLOG }, (_, value) => ({ value, delay_seconds: 0.2 }));
    const batch = (await (await post(ann, '/models/model_b/batches', requests)).json()) as { readonly id: string };

    const { id } = await submit(bob, 'model_b', { value: 1, delay_seconds: 0 });
    const task = await ended(bob, id);
    const created = (task as never as { readonly created_at: string }).created_at;
    let counts: { readonly completed: boolean } | undefined;
    while (!counts?.completed) {
      counts = (await (await ann.fetch(`/batches/${batch.id}`)).json()) as { readonly completed: boolean };
    }
    const results = await (await ann.fetch(`/batches/${batch.id}/results`)).text();

    const starts = results
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as Line).started_at);
    const overtook = starts.filter((at) => at > created && at < (task.started_at ?? '')).length;
    const waiting = starts.filter((at) => at > created).length;
    expect([task.state, starts.length]).toEqual(['succeeded', BACKLOG]);
    expect(waiting).toBeGreaterThan(3 * HELD);
    expect(overtook).toBeLessThanOrEqual(HELD);
  });

  it('see nothing of the tasks and batches of each other', async () => {
    const [cai, dan] = [await asUser('cai'), await asUser('dan')];
    const batch = (await (await post(cai, '/models/model_a/batches', [{ data: 'a' }])).json()) as {
      readonly id: string;
      readonly items: readonly { readonly task_id: string }[];
    };
    const id = batch.items[0]?.task_id;

    const paths = [
      `/batches/${batch.id}`,
      `/batches/${batch.id}/results`,
      `/tasks/${id}/events`,
      `/tasks/${id}/history`,
    ];
    const reads = await Promise.all(paths.map((path) => dan.fetch(path)));
    const steers = await Promise.all(
      ['cancel', 'retry', 'redeliver'].map((verb) => post(dan, `/tasks/${id}/${verb}`, '')),
    );

    expect([...reads, ...steers].map(({ status }) => status)).toEqual(Array.from({ length: 7 }, () => 404));
  });
});
