import { describe, expect, it } from 'vitest';
import { encodeEnvelope, giveUpTask, type TaskEvent } from '#core';
import { createMemoryPlatform } from '#platform/memory.ts';
import { replacing } from '#test/lambdas/api-harness.ts';
import { ManualClock } from '#test/support/manual-clock.ts';

const BODY = encodeEnvelope({
  taskId: 'task',
  model: 'model_a',
  owner: 'local',
  request: { kind: 'inline', bytes: Uint8Array.of(1) },
  contractHash: 'c1',
  deadlineAt: 100_000,
  submittedAt: 1000,
  requestHash: 'ab'.repeat(32),
  copy: 0,
});

/** The events that giving up a dead letter applies. */
async function eventsOf(letter: { readonly attempts: number; readonly reason?: { code: string; message: string } }) {
  const clock = new ManualClock();
  const platform = createMemoryPlatform({ clock });
  const events: (readonly [string, TaskEvent])[] = [];
  const tasks = replacing(platform.tasks, {
    apply: async (id, event) => {
      events.push([id, event]);
      return 'applied';
    },
  });
  await giveUpTask({ tasks, blobs: platform.blobs, clock }, { model: 'model_a', body: BODY, ...letter });
  return { events, now: clock.now() };
}

describe('the event of a task that is given up', () => {
  it.each([0, 1, 3])('has the %i attempts that the queue knows of', async (attempts) => {
    const { events, now } = await eventsOf({ attempts });

    expect(events).toEqual([
      ['task', expect.objectContaining({ type: 'gave-up', attempts, at: now, requestHash: 'ab'.repeat(32) })],
    ]);
    expect(events[0]?.[1]).toMatchObject({ envelope: BODY });
  });

  it('tells the reason of the dead letter, and that another try may help', async () => {
    const reason = { code: 'timeout', message: 'Gave up after 3 attempts.' };

    const { events } = await eventsOf({ attempts: 3, reason });

    expect(events[0]?.[1]).toMatchObject({ error: { ...reason, retryable: true } });
  });

  it('says so when the queue gave up by itself', async () => {
    const { events } = await eventsOf({ attempts: 0 });

    expect(events[0]?.[1]).toMatchObject({
      error: {
        code: 'attempts_exhausted',
        message: expect.stringContaining('no instance settled it'),
        retryable: true,
      },
    });
  });
});

it.each([
  ['applied', [['model_a', { failed: 1 }]]],
  ['terminal', []],
] as const)('an end by giving up is counted once: %s', async (outcome, counted) => {
  const platform = createMemoryPlatform();
  const counts: unknown[] = [];
  const tasks = replacing(platform.tasks, { apply: async () => outcome });
  const stats = { add: async (model: string, _: number, ends: object) => void counts.push([model, ends]) };

  await giveUpTask({ ...platform, tasks, stats }, { model: 'model_a', body: BODY, attempts: 3 });

  expect(counts).toEqual(counted);
});
