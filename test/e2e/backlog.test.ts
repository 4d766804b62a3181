import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { BundledProcess } from '#test/containers/bundled-process.ts';
import type { TaskBody } from '#test/support/api-client.ts';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';
import { aPrefix, useRabbitRedis } from '#test/support/rabbit-redis.ts';
import { processesOn, urlOf } from '#test/support/rabbit-redis-processes.ts';

const FLEET = join(import.meta.dirname, '../fixtures/fleet');
/** As the manifest of `crowded` has it. */
const MAX_BACKLOG = 2;
const CALLERS = 40;
const REQUEST = { action: 'answer', seconds: 300 };

/** What a full backlog promises, by requests to processes that share it. */
function backlogSuite(name: string, gateways: () => readonly string[]): void {
  const at = (index: number): string => gateways()[index % gateways().length] ?? '';
  const post = (index: number, path: string, body: unknown) =>
    fetch(`${at(index)}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
  const stateOf = async (id: string) => ((await (await fetch(`${at(0)}/tasks/${id}`)).json()) as TaskBody).state;
  const cancel = async (id: string) => expect((await post(0, `/tasks/${id}/cancel`, null)).status).toBe(202);

  /** All callers at once, at all gateways. Resolves with the ids of what was accepted; everything else was refused. */
  async function flood(path: string, body: unknown): Promise<readonly string[]> {
    const answers = await Promise.all(Array.from({ length: CALLERS }, (_, index) => post(index, path, body)));
    expect(answers.filter(({ status }) => status !== 202 && status !== 429)).toEqual([]);
    const bodies = await Promise.all(answers.filter(({ status }) => status === 202).map((answer) => answer.json()));
    return (bodies as { readonly id: string; readonly items?: readonly { readonly task_id: string }[] }[]).flatMap(
      ({ id, items }) => items?.map(({ task_id }) => task_id) ?? [id],
    );
  }

  describe(name, { timeout: 90_000 }, () => {
    it('is exact when all ask at once, for tasks and for batches', async () => {
      const submit = () => flood('/models/crowded/tasks', REQUEST);
      const submitPairs = () => flood('/models/crowded/batches', [REQUEST, REQUEST]);
      // The slot of the instance is taken first, so that nothing leaves the backlog by itself.
      const { id: running } = (await (await post(0, '/models/crowded/tasks', REQUEST)).json()) as TaskBody;
      await vi.waitFor(async () => expect(await stateOf(running)).toBe('running'), { timeout: 20_000, interval: 50 });

      let waiting = await submit();
      expect(waiting).toHaveLength(MAX_BACKLOG);

      for (let round = 0; round < 5; round++) {
        const [first = '', ...others] = waiting;
        await cancel(first);
        expect(await submitPairs()).toEqual([]);
        // The place is found within a second.
        const found = await vi.waitUntil(async () => (await submit())[0], { timeout: 10_000, interval: 100 });
        waiting = [...others, String(found)];
        expect(await submit()).toEqual([]);
      }
      for (const id of waiting) await cancel(id);
      const pair = await vi.waitUntil(
        async () => {
          const accepted = await submitPairs();
          return accepted.length > 0 && accepted;
        },
        { timeout: 10_000, interval: 100 },
      );

      expect(pair).toHaveLength(MAX_BACKLOG);
      expect(await submit()).toEqual([]);
      expect(await Promise.all(pair.map(stateOf))).toEqual(['queued', 'queued']);
      for (const id of [running, ...pair]) await cancel(id);
    });
  });
}

describe('the backlog of a model', () => {
  let system: EmbeddedSystem;
  beforeAll(async () => {
    system = await EmbeddedSystem.start({ environment: { MODELYARD_MODELS_PATH: FLEET } });
  });
  afterAll(() => system?.[Symbol.asyncDispose]());

  backlogSuite('on SQLite', () => [system.url]);
});

const SUITE = 'the backlog of a model at three gateways';
const brokers = findBrokers(SUITE);
if (!brokers) describe(SUITE, () => it.todo('runs where redis-server and rabbitmq-server are installed'));
else {
  describe(SUITE, () => {
    const servers = useRabbitRedis(brokers);
    const started: BundledProcess[] = [];
    let urls: readonly string[] = [];
    beforeAll(async () => {
      const processes = processesOn(servers, aPrefix());
      const gateways = [1, 2, 3].map(() => processes.gateway());
      const instance = processes.instance(join(FLEET, 'crowded'));
      started.push(...gateways, instance);
      urls = await Promise.all(gateways.map(urlOf));
      await instance.untilReady();
    }, 60_000);
    afterAll(async () => {
      for (const each of started) await each[Symbol.asyncDispose]();
    });

    backlogSuite('on RabbitMQ + Redis', () => urls);
  });
}
