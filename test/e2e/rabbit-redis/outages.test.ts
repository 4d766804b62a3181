import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { BundledProcess } from '#test/containers/bundled-process.ts';
import type { ProblemBody, TaskBody } from '#test/support/api-client.ts';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { openGate } from '#test/support/gate.ts';
import { assessOutage, ended, listed, post, statusOf, underLoad } from '#test/support/load-on-gateway.ts';
import { aPrefix, useOwnRabbitRedis } from '#test/support/rabbit-redis.ts';
import { processesOn, urlOf } from '#test/support/rabbit-redis-processes.ts';

const SUITE = 'Gateway and instances as processes, through outages of RabbitMQ and Redis';
const brokers = findBrokers(SUITE);
const PATIENCE = { timeout: 30_000, interval: 100 };
/** A broker takes its time to stop and to start, the more so on a busy machine. */
const OUTAGE_MS = 90_000;

if (!brokers) describe(SUITE, () => it.todo('runs where redis-server and rabbitmq-server are installed'));
else {
  const servers = useOwnRabbitRedis(brokers);
  let processes: ReturnType<typeof processesOn>;
  let gateway: BundledProcess;
  let instance: BundledProcess;
  let url: string;

  beforeAll(async () => {
    processes = processesOn(servers, aPrefix());
    gateway = processes.gateway();
    instance = processes.instance('model_b');
    [url] = await Promise.all([urlOf(gateway), instance.untilReady()]);
  });
  afterAll(async () => {
    for (const started of [gateway, instance]) await started?.[Symbol.asyncDispose]();
  });

  const ready = () => vi.waitFor(async () => expect(await statusOf(`${url}/readyz`)).toBe(200), PATIENCE);

  /** Resolves when it says what is away, and says that it runs all the same. */
  const unready = (what: 'queue' | 'store') =>
    vi.waitFor(async () => {
      const answer = await fetch(`${url}/readyz`);
      expect(await answer.json()).toMatchObject({ status: 503, type: `/problems/${what}-unavailable` });
      expect([answer.status, await statusOf(`${url}/healthz`)]).toEqual([503, 200]);
    }, PATIENCE);

  /** What was accepted can be seen, and nothing else: what was refused is taken out again where need be. */
  const onlyThese = (accepted: readonly string[], before: readonly string[]) =>
    vi.waitFor(async () => {
      const seen = await listed(url);
      expect(seen.filter((id) => !before.includes(id))).toEqual(accepted);
    }, PATIENCE);

  describe(SUITE, { timeout: OUTAGE_MS }, () => {
    it('end every accepted task through a restart of RabbitMQ, accept nothing by halves, and are not ready meanwhile', async () => {
      const before = await listed(url);
      let early: BundledProcess | undefined;
      const sent = await underLoad(url, async () => {
        await sleep(300);
        await servers.rabbitmq.stop();
        await unready('queue');
        early = processes.gateway();
        await servers.rabbitmq.start();
        await ready();
        await sleep(300);
      });

      await onlyThese(await assessOutage(url, sent), before);
      // Started while there was no broker, it tried until there was one.
      expect(await statusOf(`${await urlOf(early as BundledProcess)}/readyz`)).toBe(200);
      expect(await early?.stop()).toBe(0);
    });

    it.each([
      ['a restart of Redis', () => servers.redis.stop()],
      ['a Redis that is killed and comes back with its append-only file', () => servers.redis.kill()],
    ])('end every accepted task through %s, accept nothing by halves, and are not ready meanwhile', async (_, end) => {
      const before = await listed(url);
      const sent = await underLoad(url, async () => {
        await sleep(500);
        await end();
        await unready('store');
        await servers.redis.start();
        await ready();
        await sleep(500);
      });

      await onlyThese(await assessOutage(url, sent), before);
    });

    it('take nothing while Redis has no memory left, and end what is in hand when it has', async () => {
      const before = await listed(url);
      const slow = await Promise.all(
        [1, 2].map((value) => post(url, '/models/model_b/tasks', { value, delay_seconds: 1 }, 0)),
      );
      const inHand = (await Promise.all(slow.map((answer) => answer.json()))) as TaskBody[];
      await vi.waitFor(async () => {
        expect(await (await fetch(`${url}/tasks/${inHand[1]?.id}`)).json()).toMatchObject({ state: 'running' });
      }, PATIENCE);

      await servers.redis.configure('maxmemory', '1');
      const refused = await post(url, '/models/model_b/tasks', { value: 3 }, 0);
      const problem = (await refused.json()) as ProblemBody;
      await sleep(2000);
      const meanwhile = await Promise.all(
        inHand.map(async ({ id }) => (await (await fetch(`${url}/tasks/${id}`)).json()) as TaskBody),
      );
      await servers.redis.configure('maxmemory', '0');
      const ends = await Promise.all(inHand.map(({ id }) => ended(url, id)));

      expect([refused.status, refused.headers.get('content-type')]).toEqual([503, 'application/problem+json']);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect(problem).toMatchObject({ type: '/problems/store-unavailable', detail: expect.stringContaining('memory') });
      expect(meanwhile.map(({ state }) => state)).toEqual(['running', 'running']);
      expect(ends).toMatchObject([1, 2].map((value) => ({ state: 'succeeded', result: { value } })));
      await onlyThese(inHand.map(({ id }) => id).toSorted(), before);
    });

    it('take back what Redis kept without being able to say so', async () => {
      const gate = await openGate(servers.redis.url);
      await using beyond = processes.gateway({ REDIS_URL: gate.url });
      const address = await urlOf(beyond);
      const accepted = (await (
        await post(address, '/models/model_b/tasks', { value: 1, delay_seconds: 0 }, 20)
      ).json()) as TaskBody;
      const before = await listed(url);

      gate.stall();
      const unheard = [
        post(address, '/models/model_b/tasks', { value: 2 }, 0),
        fetch(`${address}/models/model_b/tasks`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', 'Idempotency-Key': 'once' },
          body: '{"value": 3}',
        }),
      ];
      const statuses = (await Promise.all(unheard)).map(({ status }) => status);
      const unready = await statusOf(`${address}/readyz`);
      gate.resume();
      await vi.waitFor(async () => expect(await statusOf(`${address}/readyz`)).toBe(200), PATIENCE);

      expect(accepted.state).toBe('succeeded');
      expect([...statuses, unready]).toEqual([503, 503, 503]);
      await onlyThese([], before);
      await gate.shut();
    });
  });
}
