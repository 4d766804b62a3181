import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { BundledProcess } from '#test/containers/bundled-process.ts';
import type { TaskBody } from '#test/support/api-client.ts';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { openGate } from '#test/support/gate.ts';
import { aPrefix, useRabbitRedis } from '#test/support/rabbit-redis.ts';
import { processesOn } from '#test/support/rabbit-redis-processes.ts';

const SUITE = 'Gateway and instances as processes, on RabbitMQ + Redis';
const brokers = findBrokers(SUITE);
const PATIENCE = { timeout: 20_000, interval: 100 };
/** A broker takes its time to stop and to start, the more so on a busy machine. */
const RESTART_MS = 90_000;
/** Nothing listens there. */
const NOWHERE = 'amqp://somebody:secret@127.0.0.1:1';

interface Sent {
  readonly value: number;
  readonly status: number;
  readonly id?: string;
}

const post = (url: string, path: string, body: unknown, wait: number): Promise<Response> =>
  fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Prefer: `wait=${wait}` },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

const statusOf = async (url: string): Promise<number> => (await fetch(url)).status;

/** Submits all the time, whatever is answered, until `outage` is over; resolves with what became of each. */
async function underLoad(url: string, outage: () => Promise<void>): Promise<readonly Sent[]> {
  const sent: Promise<Sent>[] = [];
  const over = new AbortController();
  const ending = outage().finally(() => over.abort());
  for (let value = 1; !over.signal.aborted; value++) {
    const answer = post(url, '/models/model_b/tasks', { value, delay_seconds: 0.02 }, 0);
    sent.push(answer.then(async (it) => ({ value, status: it.status, id: ((await it.json()) as TaskBody).id })));
    await sleep(20);
  }
  await ending;
  return Promise.all(sent);
}

async function ended(url: string, id: string): Promise<TaskBody> {
  for (;;) {
    const response = await fetch(`${url}/tasks/${id}`, { headers: { Prefer: 'wait=10' } });
    const task = (await response.json()) as TaskBody;
    if (task.state !== 'queued' && task.state !== 'running') return task;
  }
}

async function listed(url: string): Promise<readonly string[]> {
  const ids: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const response = await fetch(`${url}/tasks?limit=100${cursor === '' ? '' : `&cursor=${cursor}`}`);
    const page = (await response.json()) as { tasks: TaskBody[]; next_cursor: string | null };
    ids.push(...page.tasks.map(({ id }) => id));
    cursor = page.next_cursor;
  }
  return ids;
}

if (!brokers) describe(SUITE, () => it.todo('runs where redis-server and rabbitmq-server are installed'));
else {
  const servers = useRabbitRedis(brokers);
  let processes: ReturnType<typeof processesOn>;
  let gateway: BundledProcess;
  let instance: BundledProcess;
  let url: string;
  const urlOf = async (started: BundledProcess): Promise<string> => String((await started.untilReady()).url);

  beforeAll(async () => {
    processes = processesOn(servers, aPrefix());
    gateway = processes.gateway();
    instance = processes.instance('model_b');
    [url] = await Promise.all([urlOf(gateway), instance.untilReady()]);
  });
  afterAll(async () => {
    for (const started of [gateway, instance]) await started?.[Symbol.asyncDispose]();
  });

  async function assessOutage(sent: readonly Sent[]): Promise<readonly string[]> {
    const accepted = sent.flatMap(({ id, value, status }) =>
      status === 202 && id !== undefined ? [{ id, value }] : [],
    );
    const results = await Promise.all(accepted.map(({ id }) => ended(url, id)));

    expect([...new Set(sent.map(({ status }) => status))].toSorted()).toEqual([202, 503]);
    expect(results.map(({ state, result }) => [state, result?.value])).toEqual(
      accepted.map(({ value }) => ['succeeded', value]),
    );
    return accepted.map(({ id }) => id);
  }

  describe(SUITE, () => {
    it('end every accepted task through a restart of RabbitMQ, accept nothing by halves, and are not ready meanwhile', {
      timeout: RESTART_MS,
    }, async () => {
      const before = await listed(url);
      let early: BundledProcess | undefined;
      const sent = await underLoad(url, async () => {
        await sleep(300);
        await servers.rabbitmq.stop();
        await vi.waitFor(async () => expect(await statusOf(`${url}/readyz`)).toBe(503), PATIENCE);
        expect(await statusOf(`${url}/healthz`)).toBe(200);
        early = processes.gateway();
        await servers.rabbitmq.start();
        await vi.waitFor(async () => expect(await statusOf(`${url}/readyz`)).toBe(200), PATIENCE);
        await sleep(300);
      });

      const accepted = await assessOutage(sent);
      const after = await listed(url);
      expect(after.filter((id) => !before.includes(id)).toSorted()).toEqual(accepted.toSorted());
      // Started while there was no broker, it tried until there was one.
      expect(await statusOf(`${await urlOf(early as BundledProcess)}/readyz`)).toBe(200);
      expect(await early?.stop()).toBe(0);
    });

    it('end every accepted task through a restart of Redis, and are not ready meanwhile', async () => {
      const sent = await underLoad(url, async () => {
        await sleep(300);
        await servers.redis.stop();
        await vi.waitFor(async () => expect(await statusOf(`${url}/readyz`)).toBe(503), PATIENCE);
        await servers.redis.start();
        await vi.waitFor(async () => expect(await statusOf(`${url}/readyz`)).toBe(200), PATIENCE);
        await sleep(300);
      });

      const accepted = await assessOutage(sent);
      expect(await listed(url)).toEqual(expect.arrayContaining([...accepted]));
    });

    it('run a task elsewhere when its instance is cut off from the broker, and refuse the late result', async () => {
      const gate = await openGate(servers.rabbitmq.url);
      const amqpUrl = Object.assign(new URL(servers.rabbitmq.url), { host: new URL(gate.url).host }).href;
      await instance.stop();
      const cut = processes.instance('model_b', { AMQP_URL: amqpUrl });
      await cut.untilReady();
      const submitted = await post(url, '/models/model_b/tasks', { value: 4711, delay_seconds: 5 }, 0);
      const { id } = (await submitted.json()) as TaskBody;
      await vi.waitFor(async () => {
        expect(await (await fetch(`${url}/tasks/${id}`)).json()).toMatchObject({ state: 'running' });
      }, PATIENCE);

      instance = processes.instance('model_b');
      await instance.untilReady();
      await gate.shut();
      const task = await ended(url, id);

      expect(task).toMatchObject({ state: 'succeeded', attempts: 2, result: { value: 4711 } });
      await vi.waitFor(() => expect(cut.lines.join('\n')).toContain('Lease lost'), PATIENCE);
      expect(cut.lines.filter((line) => line.includes('Task succeeded.'))).toEqual([]);
      await cut[Symbol.asyncDispose]();
    });

    it('turn away what is too much, and cut no accepted request when told to stop', async () => {
      await using limited = processes.gateway({ MODELYARD_MAX_REQUESTS: '2' });
      const address = await urlOf(limited);
      const oversized = await post(address, '/predict/model_b', 'x'.repeat(10 * 1024 * 1024 + 1), 0);
      const headers = await fetch(`${address}/models`, { headers: { 'X-Large': 'x'.repeat(11_000) } });
      const before = (await listed(url)).length;
      const slow = [1, 2].map((value) => post(address, '/predict/model_b', { value, delay_seconds: 2 }, 20));

      await vi.waitFor(async () => expect((await listed(url)).length).toBe(before + 2), PATIENCE);
      const refused = await fetch(`${address}/models`);
      const health = await statusOf(`${address}/healthz`);
      const exit = limited.stop();
      const answers = await Promise.all((await Promise.all(slow)).map((answer) => answer.json()));

      expect([oversized.status, headers.status, refused.status, health]).toEqual([413, 431, 429, 200]);
      expect(refused.headers.get('retry-after')).toBe('1');
      expect(answers).toMatchObject([1, 2].map((value) => ({ state: 'succeeded', result: { value } })));
      expect(await exit).toBe(0);
    });

    it.each([
      ['gateway', () => processes.gateway({ AMQP_URL: NOWHERE, MODELYARD_CONNECT_SECONDS: '1' })],
      ['instance', () => processes.instance('model_b', { AMQP_URL: NOWHERE, MODELYARD_CONNECT_SECONDS: '1' })],
    ])('end with a sentence naming the address when the broker stays away: the %s', async (_, start) => {
      await using lonely = start();

      expect(await lonely.exited).toBe(1);
      expect(lonely.lines.join('\n')).toContain('RabbitMQ at 127.0.0.1:1 cannot be reached: connect ECONNREFUSED');
      expect(lonely.lines.join('\n')).not.toContain('secret');
    });
  });
}
