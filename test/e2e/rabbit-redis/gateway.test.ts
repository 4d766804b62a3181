import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { BundledProcess } from '#test/containers/bundled-process.ts';
import type { ProblemBody, TaskBody } from '#test/support/api-client.ts';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { listed, post, statusOf } from '#test/support/load-on-gateway.ts';
import { aPrefix, useRabbitRedis } from '#test/support/rabbit-redis.ts';
import { processesOn, urlOf } from '#test/support/rabbit-redis-processes.ts';

const SUITE = 'A gateway process on RabbitMQ + Redis';
const brokers = findBrokers(SUITE);
const PATIENCE = { timeout: 20_000, interval: 50 };
const WAITING = 50;

/** Predicts, again while a busy gateway refuses. */
async function accepted(url: string, body: object): Promise<Response> {
  const answer = await post(url, '/predict/model_b', body, 20);
  return answer.status === 429 ? accepted(url, body) : answer;
}

if (!brokers) describe(SUITE, () => it.todo('runs where redis-server and rabbitmq-server are installed'));
else {
  const servers = useRabbitRedis(brokers);
  let processes: ReturnType<typeof processesOn>;
  let instance: BundledProcess;
  /** Tells what tasks there are, without taking anything of the one that is tested. */
  let another: BundledProcess;
  let elsewhere: string;

  beforeAll(async () => {
    processes = processesOn(servers, aPrefix());
    instance = processes.instance('model_b');
    another = processes.gateway();
    [elsewhere] = await Promise.all([urlOf(another), instance.untilReady()]);
  });
  afterAll(async () => {
    for (const started of [instance, another]) await started?.[Symbol.asyncDispose]();
  });

  describe(SUITE, { timeout: 60_000 }, () => {
    it('turns away what is too much with problems that say so, and stays well', async () => {
      await using gateway = processes.gateway({ MODELYARD_MAX_REQUESTS: '2' });
      const url = await urlOf(gateway);
      const before = (await listed(elsewhere)).length;
      const many = Object.fromEntries(Array.from({ length: 250 }, (_, index) => [`X-${index}`, '1']));

      const oversized = await post(url, '/predict/model_b', 'x'.repeat(10 * 1024 * 1024 + 1), 0);
      const long = await fetch(`${url}/models`, { headers: { 'X-Large': 'x'.repeat(11_000) } });
      const numerous = await fetch(`${url}/models`, { headers: many });
      const slow = [1, 2].map((value) => post(url, '/predict/model_b', { value, delay_seconds: 1 }, 20));
      await vi.waitFor(async () => expect((await listed(elsewhere)).length).toBe(before + 2), PATIENCE);
      const crowded = await fetch(`${url}/models`);
      const health = await Promise.all(['/healthz', '/readyz'].map((path) => statusOf(`${url}${path}`)));
      const answers = await Promise.all((await Promise.all(slow)).map((answer) => answer.json()));

      const refusals = [oversized, long, numerous, crowded];
      const problems = (await Promise.all(refusals.map((answer) => answer.json()))) as ProblemBody[];
      expect(refusals.map(({ status }) => status)).toEqual([413, 431, 431, 429]);
      expect(problems.map(({ status }) => status)).toEqual([413, 431, 431, 429]);
      expect(problems.at(-1)?.type).toBe('/problems/too-many-requests');
      expect(refusals.map(({ headers }) => headers.get('content-type'))).toEqual(
        refusals.map(() => 'application/problem+json'),
      );
      expect(crowded.headers.get('retry-after')).toBe('1');
      expect(health).toEqual([200, 200]);
      expect(answers).toMatchObject([1, 2].map((value) => ({ state: 'succeeded', result: { value } })));
      expect((await listed(elsewhere)).length).toBe(before + 2);
    });

    it('answers every request that it has accepted when it is told to stop, then takes no more and exits with 0', async () => {
      await using gateway = processes.gateway();
      const url = await urlOf(gateway);
      const before = (await listed(elsewhere)).length;
      const values = Array.from({ length: WAITING }, (_, value) => value);
      const waiting = values.map((value) => accepted(url, { value, delay_seconds: 0.5 }));
      await vi.waitFor(async () => expect((await listed(elsewhere)).length).toBe(before + WAITING), PATIENCE);

      const exit = gateway.stop();
      const answers = await Promise.all(waiting);
      const tasks = (await Promise.all(answers.map((answer) => answer.json()))) as TaskBody[];

      expect(answers.map(({ status }) => status)).toEqual(values.map(() => 200));
      expect(tasks.map(({ state, result }) => [state, result?.value])).toEqual(
        values.map((value) => ['succeeded', value]),
      );
      expect(await exit).toBe(0);
      await expect(fetch(url)).rejects.toThrow();
    });
  });
}
