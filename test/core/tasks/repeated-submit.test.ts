import { describe, expect, it } from 'vitest';
import { RESEND_INTERVAL_MS, type SubmitCommand, submitTask, type TaskQueue, unavailable } from '#core';
import { createMemoryPlatform } from '#platform/memory.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { aStart } from '#test/support/tasks.ts';

const command: SubmitCommand = {
  owner: 'local',
  model: 'model_a',
  contract: { hash: 'c1' },
  request: Uint8Array.of(1, 2, 3),
  limits: { timeoutSeconds: 60 },
  idempotencyKey: 'k',
};
const refused = (retryAfterSeconds: number) =>
  expect.objectContaining({ code: 'queue_unavailable', retryable: true, retryAfterSeconds });

type Send = TaskQueue['send'];

/** A platform whose sends the test decides about, one after the other; those it does not mention go through. */
function prepare(...sends: ((send: Send) => Send)[]) {
  const clock = new ManualClock();
  const platform = createMemoryPlatform({ clock });
  const queue = platform.queues('model_a');
  const really: Send = (message) => queue.send(message);
  const send: Send = (message) => (sends.shift()?.(really) ?? really)(message);
  const queues = () => Object.assign(Object.create(queue), { send }) as TaskQueue;
  const deps = { ...platform, clock, queues };
  const submit = (more: Partial<SubmitCommand> = {}) => submitTask(deps, { ...command, ...more });
  /** Lets so many milliseconds go by in small steps, so that what wakes can sleep again. */
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 20) {
      await new Promise(setImmediate);
      await clock.advance(20);
    }
  };
  const waiting = async () => (await queue.depth()).visible;
  const stored = async () => (await platform.tasks.list({ owner: 'local', limit: 10 })).tasks;
  return { clock, platform, submit, pass, waiting, stored };
}

const away = unavailable('queue_unavailable', 'The task queue is unavailable.', undefined);

/** A send that the test ends. */
function held() {
  const begun = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  const step = (send: Send): Send => {
    return async (message) => {
      begun.resolve();
      await end.promise;
      return send(message);
    };
  };
  return { step, begun: begun.promise, confirm: () => end.resolve(), fail: () => end.reject(away) };
}

const losesItsConfirmation =
  (send: Send): Send =>
  async (message) => {
    await send(message);
    throw away;
  };

describe('a repeated submit', () => {
  it('keeps the task that it was accepted for when the first send fails', async () => {
    const first = held();
    const { submit, waiting, stored } = prepare(first.step);
    const submitted = submit();
    await first.begun;

    const repeated = await submit();
    first.fail();

    await expect(submitted).rejects.toEqual(away);
    expect(await stored()).toMatchObject([{ id: repeated.id, copies: 1 }]);
    expect(await waiting()).toBe(1);
  });

  it('is refused, not accepted, while nothing is known to be confirmed', async () => {
    const [first, second] = [held(), held()];
    const { pass, submit, waiting } = prepare(first.step, second.step);
    const submitted = [submit()];
    await first.begun;
    submitted.push(submit());
    await second.begun;

    const third = submit();
    const refusal = expect(third).rejects.toEqual(refused(59));
    await pass(1000);
    await refusal;
    second.fail();
    first.confirm();

    const [accepted, failed] = await Promise.allSettled(submitted);
    expect([accepted?.status, failed?.status]).toEqual(['fulfilled', 'rejected']);
    expect(await waiting()).toBe(1);
  });

  it('is accepted without another message once one is confirmed', async () => {
    const { submit, waiting, stored } = prepare();
    const { id } = await submit();

    for (let repeat = 0; repeat < 50; repeat++) expect((await submit()).id).toBe(id);

    expect(await waiting()).toBe(2);
    expect(await stored()).toMatchObject([{ copies: 1 }]);
  });

  it('sends again at most once a minute while nothing is confirmed', async () => {
    const first = held();
    const sends = [first.step, losesItsConfirmation, losesItsConfirmation];
    const { clock, pass, submit, waiting, stored } = prepare(...sends);
    const submitted = submit().catch(() => undefined);
    await first.begun;
    await expect(submit()).rejects.toEqual(away);
    first.fail();
    await submitted;

    await clock.advance(20_000);
    const refusal = expect(submit()).rejects.toEqual(refused(39));
    await pass(1000);
    await refusal;
    await clock.advance(RESEND_INTERVAL_MS - 21_000);
    await expect(submit()).rejects.toEqual(away);
    await clock.advance(RESEND_INTERVAL_MS);
    const accepted = await submit();

    expect(await waiting()).toBe(3);
    expect(await stored()).toMatchObject([{ id: accepted.id, copies: 3, sentAt: clock.now() }]);
  });

  it('answers with a task that a worker has received, without another message', async () => {
    const { platform, submit, waiting } = prepare();
    const { id } = await submit();
    await platform.tasks.apply(id, aStart);

    expect(await submit()).toMatchObject({ id, state: 'running' });
    expect(await waiting()).toBe(1);
  });

  it('answers with a task that was canceled before it ran, without another message', async () => {
    const { platform, submit, waiting } = prepare();
    const { id } = await submit();
    await platform.tasks.apply(id, { type: 'canceled', at: 1 });

    expect(await submit()).toMatchObject({ id, state: 'canceled' });
    expect(await waiting()).toBe(1);
  });

  it('is refused when its task was withdrawn while it sent', async () => {
    const { platform, submit } = prepare();
    await submit();
    const { apply } = platform.tasks;
    platform.tasks.apply = async (taskId, event) =>
      event.type === 'sent' ? 'missing' : apply.call(platform.tasks, taskId, event);
    platform.tasks.get = async () => undefined;

    await expect(submit()).rejects.toEqual(refused(1));
  });

  it('answers with a task that a worker received while the repeat was recorded', async () => {
    const { platform, submit, waiting } = prepare();
    const { id } = await submit();
    const { apply } = platform.tasks;
    platform.tasks.apply = async (taskId, event) => {
      if (event.type === 'resent') await apply.call(platform.tasks, taskId, aStart);
      return apply.call(platform.tasks, taskId, event);
    };

    expect(await submit()).toMatchObject({ id, state: 'running' });
    expect(await waiting()).toBe(1);
  });

  it('lets one of many at once send, and accepts all once the queue has confirmed', async () => {
    const [first, second] = [held(), held()];
    const { pass, submit, waiting } = prepare(first.step, second.step);
    const submitted = submit();
    await first.begun;

    const repeats = Promise.all(Array.from({ length: 20 }, () => submit()));
    await second.begun;
    await pass(400);
    second.confirm();
    await pass(400);

    const ids = new Set((await repeats).map(({ id }) => id));
    first.confirm();
    expect(ids).toEqual(new Set([(await submitted).id]));
    expect(await waiting()).toBe(2);
  });

  it('is refused at once when the task that it waits for was withdrawn', async () => {
    const [first, second] = [held(), held()];
    const { pass, platform, submit, stored } = prepare(first.step, second.step);
    const submitted = submit();
    await first.begun;
    const repeats = [submit(), submit()];
    await second.begun;
    platform.tasks.get = async () => undefined;

    const refusal = expect(repeats[1]).rejects.toEqual(refused(1));
    await pass(20);
    await refusal;
    second.confirm();
    first.confirm();

    await Promise.allSettled([submitted, repeats[0]]);
    expect(await stored()).toHaveLength(1);
  });
});

describe('a submit whose confirmation was lost', () => {
  it('frees its key for another request', async () => {
    const { submit, stored } = prepare(losesItsConfirmation);
    await expect(submit()).rejects.toEqual(away);

    const other = await submit({ request: Uint8Array.of(9) });

    expect(await stored()).toMatchObject([other]);
  });
});
