import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Delivery, expiryOf, judgeMessage, judgeWithTask, MAX_UNCHARGED_LOSSES, postpone, type Task } from '#core';
import { applyEvent } from '#core/events';
import { anyTaskEvent } from '#test/support/task-events.ts';
import { aResult, aStart, aTask } from '#test/support/tasks.ts';

const envelope = { deadlineAt: 100_000, requestHash: 'r1', copy: 0 };
const limits = { now: 5000, maxAttempts: 3 };
const first = { fence: 1, attempts: 0, losses: 0, isSuspect: false };
const suspect = { fence: 2, attempts: 0, losses: 1, isSuspect: true };

/** A task that has seen these events. */
const taskAfter = (...events: Parameters<typeof applyEvent>[1][]): Task =>
  events.reduce((task, event) => applyEvent(task, event).task, aTask());

const anyDelivery = fc
  .record({ fence: fc.integer({ min: 1, max: 40 }), attempts: fc.nat(4), losses: fc.nat(30), isSuspect: fc.boolean() })
  .map((facts) => ({
    ...facts,
    attempts: Math.min(facts.attempts, facts.fence - 1),
    losses: Math.min(facts.losses, facts.fence - 1),
  }));
const anyTask = fc.array(anyTaskEvent, { maxLength: 5 }).map((events) => taskAfter(...events));

describe('judging a delivery', () => {
  it('runs the first delivery of an original message without a look at its task, and nothing else', () => {
    fc.assert(
      fc.property(anyDelivery, fc.nat(2), (delivery, copy) => {
        const isFirst = delivery.fence === 1 && copy === 0 && !delivery.isSuspect;

        const decision = judgeMessage(delivery, { ...envelope, copy }, limits.now);

        expect(decision).toEqual(isFirst ? { do: 'run', attempt: 1 } : { do: 'read-task' });
      }),
    );
  });

  it('runs a first delivery at once, and looks at the task of every other one', () => {
    expect(judgeMessage(first, envelope, limits.now)).toEqual({ do: 'run', attempt: 1 });
    expect(judgeMessage(suspect, envelope, limits.now)).toEqual({ do: 'read-task' });
  });

  it('expires a message whose deadline has passed, whatever else it is', () => {
    expect(judgeMessage(first, envelope, envelope.deadlineAt)).toEqual({ do: 'expire' });
    const late = { ...limits, now: envelope.deadlineAt };
    expect(judgeWithTask(suspect, envelope, undefined, late)).toEqual({ do: 'expire' });
  });

  it.each([
    ['no task', undefined, envelope, 'missing'],
    ['a task that has ended', taskAfter({ type: 'canceled', at: 1 }), envelope, 'ended'],
    ['a task of another request', aTask({ requestHash: 'r2' }), envelope, 'mismatched'],
    ['a task that another message has claimed', taskAfter({ ...aStart, copy: 1 }), envelope, 'other-copy'],
    ['a task that the original has claimed', taskAfter(aStart), { ...envelope, copy: 1 }, 'other-copy'],
  ] as const)('drops a message with %s', (_, task, message, why) => {
    expect(judgeWithTask(suspect, message, task, limits)).toEqual({ do: 'drop', why });
  });

  it('compares no request in messages of earlier builds', () => {
    const { requestHash: _, ...old } = envelope;

    expect(judgeWithTask(suspect, old, aTask({ requestHash: 'r2' }), limits)).toMatchObject({ do: 'claim' });
  });

  it('postpones a delivery that the recorded one is not older than', () => {
    for (const fence of [2, 3]) {
      expect(judgeWithTask(suspect, envelope, taskAfter({ ...aStart, fence }), limits)).toEqual({ do: 'postpone' });
    }
  });

  it('charges a suspect when it starts, and then remembers the charge without its message', () => {
    const claim = judgeWithTask(suspect, envelope, taskAfter(aStart), limits);
    expect(claim).toMatchObject({ do: 'claim', attempt: 1, start: { fence: 2, attempts: 1, alone: true } });

    const started = taskAfter(aStart, { ...aStart, fence: 2, attempts: 1, alone: true });
    const next = judgeWithTask({ ...suspect, fence: 3, losses: 2 }, envelope, started, limits);

    expect(next).toMatchObject({ do: 'claim', attempt: 2, start: { fence: 3, attempts: 2 } });
  });

  it('tells which attempt was lost with its instance, once', () => {
    const before = taskAfter({ ...aStart, fence: 1, instance: 'i1' });

    const claim = judgeWithTask(suspect, envelope, before, limits);
    if (claim.do !== 'claim') throw new Error(`It decided to ${claim.do}.`);
    const after = applyEvent(before, { ...claim.start, at: 5000, instance: 'i2' }).task;

    const lost = { event: 'attempt', at: before.startedAt, instance: 'i1', outcome: 'lost' };
    expect(after.history).toEqual([expect.objectContaining(lost)]);
    const failed = { type: 'attempt-failed', fence: 2, attempts: after.attempts, startedAt: 5000, at: 5001 } as const;
    const error = { code: 'internal', message: 'It failed.', retryable: true };
    const ended = applyEvent(after, { ...failed, instance: 'i2', error }).task;
    const next = judgeWithTask({ ...suspect, fence: 3, attempts: 1 }, envelope, ended, limits);
    expect(next).toMatchObject({ do: 'claim', start: expect.not.objectContaining({ lost: expect.anything() }) });
  });

  it('charges no run that was given back: neither a shared one nor one alone', () => {
    const released = { fence: 3, attempts: 0, losses: 0, isSuspect: false };
    for (const alone of [false, true]) {
      const started = taskAfter({ ...aStart, fence: 2, alone });

      expect(judgeWithTask(released, envelope, started, limits)).toMatchObject({ do: 'claim', attempt: 1 });
    }
  });

  it('gives up with the runs that happened', () => {
    const started = taskAfter({ ...aStart, fence: 4, attempts: 3, alone: true });

    expect(judgeWithTask({ ...suspect, fence: 5 }, envelope, started, limits)).toEqual({
      do: 'give-up',
      attempts: 3,
      message: 'Gave up after 3 attempts: the instances that ran this task died or lost it.',
    });
  });

  it('counts a single attempt in words', () => {
    const started = taskAfter({ ...aStart, alone: true });

    const fate = judgeWithTask(suspect, envelope, started, { ...limits, maxAttempts: 1 });

    expect(fate).toMatchObject({ message: expect.stringContaining('after 1 attempt:') });
  });

  it('gives up a task whose deliveries are lost again and again before any run is recorded', () => {
    const losses = MAX_UNCHARGED_LOSSES + limits.maxAttempts;

    const decision = judgeWithTask({ ...suspect, fence: losses + 1, losses }, envelope, aTask(), limits);

    expect(decision).toEqual({
      do: 'give-up',
      attempts: 0,
      message: 'Gave up after 0 attempts and 23 lost deliveries: the instances that received this task died.',
    });
  });

  it('asks for a start that the store takes, for no run beyond the limit, and never for one of another request', () => {
    fc.assert(
      fc.property(anyDelivery, anyTask, fc.nat(1), (delivery, task, copy) => {
        const decision = judgeWithTask(delivery, { ...envelope, copy }, task, limits);

        if (decision.do !== 'claim') return;
        expect(decision.attempt).toBeLessThanOrEqual(limits.maxAttempts);
        expect(decision.start.alone).toBe(delivery.isSuspect);
        const { outcome, task: after } = applyEvent(task, { ...decision.start, at: limits.now });
        expect(outcome).toBe('applied');
        expect(after).toMatchObject({ state: 'running', fence: delivery.fence, attempts: decision.attempt, copy });
        const end = { type: 'succeeded', startedAt: 1, at: 2, result: aResult } as const;
        const { fence, attempts, requestHash } = decision.start;
        expect(applyEvent(after, { ...end, fence, attempts, requestHash }).outcome).toBe('applied');
      }),
    );
  });
});

const BODY = Uint8Array.of(1);

describe('the end of a message that is not run', () => {
  it('is an expiry at its deadline, or later when it is late', () => {
    const expired = { type: 'expired', requestHash: 'r1', error: { code: 'deadline_exceeded', retryable: true } };

    expect(expiryOf(envelope, 99_999, BODY)).toMatchObject({ ...expired, at: 100_000, envelope: BODY });
    expect(expiryOf(envelope, 100_001, BODY)).toMatchObject({ ...expired, at: 100_001 });
  });

  it('is a release that keeps the fence and makes it a suspect, when it is postponed', async () => {
    const released: unknown[] = [];
    const delivery = { release: async (options: unknown) => void released.push(options) };

    await postpone(delivery as Delivery);

    expect(released).toEqual([{ delaySeconds: 30, keepFence: true, isSuspect: true }]);
  });
});
