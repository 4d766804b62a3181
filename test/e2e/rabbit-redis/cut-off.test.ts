import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { BundledProcess } from '#test/containers/bundled-process.ts';
import type { TaskBody } from '#test/support/api-client.ts';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { type Gate, openGate } from '#test/support/gate.ts';
import { ended, post, statusOf } from '#test/support/load-on-gateway.ts';
import { aPrefix, useRabbitRedis } from '#test/support/rabbit-redis.ts';
import { processesOn, urlOf } from '#test/support/rabbit-redis-processes.ts';

const SUITE = 'An instance whose network is cut for longer than its lease, on RabbitMQ + Redis';
const brokers = findBrokers(SUITE);
const PATIENCE = { timeout: 30_000, interval: 50 };
/** Tells in its answer which process ran it, and which attempt it was. */
const STEADFAST = fileURLToPath(new URL('../../fixtures/models/steadfast', import.meta.url));

interface Ways {
  readonly rabbitmq: Gate;
  readonly redis: Gate;
}

if (!brokers) describe(SUITE, () => it.todo('runs where redis-server and rabbitmq-server are installed'));
else {
  const servers = useRabbitRedis(brokers);
  let processes: ReturnType<typeof processesOn>;
  let gateway: BundledProcess;
  let url: string;

  beforeAll(async () => {
    processes = processesOn(servers, aPrefix());
    gateway = processes.gateway();
    url = await urlOf(gateway);
  });
  afterAll(() => gateway?.[Symbol.asyncDispose]());

  const stateOf = async (id: string): Promise<TaskBody> =>
    (await (await fetch(`${url}/tasks/${id}`)).json()) as TaskBody;

  /** Has one instance run a task of so many seconds, cuts it off in the middle of it, and lets another one begin. */
  async function cutInTheMiddle(seconds: number, cut: (ways: Ways) => unknown) {
    const ways = { rabbitmq: await openGate(servers.rabbitmq.url), redis: await openGate(servers.redis.url) };
    const first = processes.instance(STEADFAST, {
      AMQP_URL: ways.rabbitmq.url,
      REDIS_URL: ways.redis.url,
    });
    await first.untilReady();
    await vi.waitFor(async () => expect(await statusOf(`${url}/models/steadfast`)).toBe(200), PATIENCE);
    const { id } = (await (
      await post(url, '/models/steadfast/tasks', { action: 'wait', seconds }, 0)
    ).json()) as TaskBody;
    await vi.waitFor(async () => expect(await stateOf(id)).toMatchObject({ state: 'running' }), PATIENCE);
    await cut(ways);
    const second = processes.instance(STEADFAST);
    await second.untilReady();
    const task = await ended(url, id);
    return {
      id,
      task,
      first,
      ways,
      async [Symbol.asyncDispose]() {
        await Promise.all([first, second].map((instance) => instance[Symbol.asyncDispose]()));
        await Promise.all([ways.rabbitmq.shut(), ways.redis.shut()]);
      },
    };
  }

  describe(SUITE, { timeout: 90_000 }, () => {
    it('has its task run elsewhere, and is refused when it comes back with its result', async () => {
      // It ends before its lease does, but cannot say so: its result is on its way until the network is back.
      await using run = await cutInTheMiddle(2, ({ rabbitmq, redis }) => {
        rabbitmq.stall();
        redis.stall();
      });

      run.ways.redis.resume();
      run.ways.rabbitmq.resume();
      await vi.waitFor(() => {
        expect(run.first.lines.join('\n')).toMatch(/Lease lost|Task had already ended/);
      }, PATIENCE);
      const after = await stateOf(run.id);

      expect(run.task).toMatchObject({ state: 'succeeded', attempts: 1, result: { attempt: 1 } });
      expect(after).toEqual(run.task);
      expect(run.first.lines.filter((line) => line.includes('Task succeeded.'))).toEqual([]);
    });

    it.each([
      ['the silent network to RabbitMQ alone', ({ rabbitmq }: Ways) => rabbitmq.stall()],
      ['connections to RabbitMQ that are closed', ({ rabbitmq }: Ways) => rabbitmq.shut()],
    ])('has its task run elsewhere with %s, and stops running it', async (_, cut) => {
      await using run = await cutInTheMiddle(5, cut);
      await vi.waitFor(() => expect(run.first.lines.join('\n')).toContain('Lease lost'), PATIENCE);

      expect(run.task).toMatchObject({ state: 'succeeded', attempts: 1, result: { attempt: 1 } });
      expect(await stateOf(run.id)).toEqual(run.task);
      expect(run.first.lines.filter((line) => line.includes('Task succeeded.'))).toEqual([]);
    });
  });
}
