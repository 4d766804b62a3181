import { afterEach, describe, expect, it } from 'vitest';
import { createHandlerDeps } from '#api';
import { encodeEnvelope } from '#core';
import { createGiveUp, type DeadLetterPump, startDeadLetterPump } from '#gateway/dead-letter-pump.ts';

import { createMemoryPlatform, type MemoryPlatform } from '#platform/memory.ts';
import { recordedTerminal } from '#test/support/recorded-terminal.ts';
import { aFreshTask } from '#test/support/tasks.ts';

const pumps: DeadLetterPump[] = [];
const platforms: MemoryPlatform[] = [];
afterEach(async () => {
  await Promise.all(pumps.splice(0).map((pump) => pump.stop()));
  await Promise.all(platforms.splice(0).map((platform) => platform.close()));
});

function prepare() {
  const platform = createMemoryPlatform({ pollMs: 5 });
  platforms.push(platform);
  const log = recordedTerminal();
  const logger = log.terminal.logger('gateway');
  const deps = createHandlerDeps({ auth: 'none', platform, logger });
  const start = (giveUp = createGiveUp(deps)) => {
    const { queues, clock } = platform;
    const pump = startDeadLetterPump({ models: ['model_a', 'model_b'], queues, giveUp, clock, logger });
    pumps.push(pump);
    return pump;
  };
  return { platform, log, deps, start };
}

/** Puts a task of the model among its dead letters. */
async function deadLetter(platform: MemoryPlatform, model: string): Promise<string> {
  const task = aFreshTask({ model });
  await platform.tasks.create(task);
  const body = encodeEnvelope({
    taskId: task.id,
    model,
    owner: task.owner,
    request: { kind: 'inline', bytes: Uint8Array.of(1) },
    contractHash: task.contractHash,
    deadlineAt: task.deadlineAt,
    submittedAt: task.createdAt,
    copy: 0,
  });
  await reject(platform, model, body);
  return task.id;
}

async function reject(platform: MemoryPlatform, model: string, body: Uint8Array): Promise<void> {
  await platform.queues(model).send({ body });
  const stop = new AbortController();
  const consumer = platform.queues(model).consume({ leaseSeconds: 30, signal: stop.signal });
  const [delivery] = await consumer.receive(1);
  await delivery?.reject({ code: 'timeout', message: 'Gave up after 3 attempts.' }, 3);
  stop.abort();
  await consumer.close();
}

const deadLetters = async (platform: MemoryPlatform, model: string) =>
  (await platform.queues(model).depth()).deadLetters;

/** Resolves when a condition holds; one that never does is the test's time limit. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise(setImmediate);
}

describe('the dead letters', () => {
  it('of every model end their tasks as failed, with the reason, and are gone', async () => {
    const { platform, start } = prepare();
    const ids = [await deadLetter(platform, 'model_a'), await deadLetter(platform, 'model_b')];

    start();
    await until(async () => (await deadLetters(platform, 'model_a')) + (await deadLetters(platform, 'model_b')) === 0);

    const tasks = await Promise.all(ids.map((id) => platform.tasks.get(id)));
    const given = { state: 'failed', attempts: 3, error: { code: 'timeout', message: 'Gave up after 3 attempts.' } };
    expect(tasks).toMatchObject([given, given]);
  });

  it('that are no tasks are kept aside and do not hold up the others', async () => {
    const { platform, start } = prepare();
    await reject(platform, 'model_a', Uint8Array.of(255, 255, 255));
    const id = await deadLetter(platform, 'model_a');

    start();
    await until(async () => (await deadLetters(platform, 'model_a')) === 0);

    expect(await platform.tasks.get(id)).toMatchObject({ state: 'failed' });
  });

  it('are acknowledged one by one: those that could not be handled stay', async () => {
    const { platform, deps, start } = prepare();
    await deadLetter(platform, 'model_a');
    await deadLetter(platform, 'model_a');
    const giveUp = createGiveUp(deps);
    let first = true;

    start(async (model, deliveries) => {
      const failed = await giveUp(model, deliveries);
      const [one] = deliveries;
      if (!first || !one) return failed;
      first = false;
      return new Set([one]);
    });
    await until(async () => (await deadLetters(platform, 'model_a')) === 1);

    expect(first).toBe(false);
  });

  it('stay while their tasks cannot be written, and are tried again', async () => {
    const { platform, log, start } = prepare();
    const id = await deadLetter(platform, 'model_a');
    platform.tasks.reachable = false;

    start();
    await log.until(({ message }) => message.startsWith('A dead letter could not be handled'));
    platform.tasks.reachable = true;
    const during = await platform.tasks.get(id);
    await until(async () => (await platform.tasks.get(id))?.state === 'failed');

    expect(during).toMatchObject({ state: 'queued' });
  });

  it('are asked for again, later and later, while the queue is away', async () => {
    const { platform, log, start } = prepare();
    platform.queues('model_a').reachable = false;

    const pump = start();
    const warning = await log.until(({ level }) => level === 'warn');
    platform.queues('model_a').reachable = true;
    const id = await deadLetter(platform, 'model_a');
    await until(async () => (await platform.tasks.get(id))?.state === 'failed');
    await pump.stop();

    expect(warning).toMatchObject({ source: 'gateway', model: 'model_a' });
  });
});
