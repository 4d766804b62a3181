import { describe, expect, it } from 'vitest';
import type { Delivery, Envelope } from '#core';
import type { Attempt } from '#runtime/worker/attempt.ts';
import type { Outcome } from '#runtime/worker/model-life.ts';
import { type RunDeps, runAttempts } from '#runtime/worker/run-attempts.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

const TIMEOUT_SECONDS = 3;

/** An attempt at its first run, with nothing to be recorded before it. */
function anAttempt(deadlineAt: number): Attempt {
  const delivery: Pick<Delivery, 'fence' | 'lease'> = { fence: 1, lease: new AbortController().signal };
  const envelope: Partial<Envelope> = { taskId: 'task', deadlineAt, copy: 0 };
  return {
    delivery: delivery as Delivery,
    envelope: envelope as Envelope,
    request: new Uint8Array(),
    receivedAt: 0,
    number: 1,
    mustRunAlone: false,
    claim: undefined,
    isRecorded: false,
    repetitions: 0,
  };
}

/** How a run ends that takes too long, in a model that is in some condition. */
async function endOfTimeout(model: Partial<RunDeps['model']>) {
  const clock = new ManualClock();
  const never = new Promise<Outcome>(() => undefined);
  const deps: RunDeps = {
    model: {
      run: (requests) => ({ outcomes: requests.map(() => never), abort: () => undefined }),
      reacts: async () => true,
      wasStalledSince: () => false,
      unanswered: 2,
      condition: 'ready',
      ...model,
    },
    timeoutSeconds: TIMEOUT_SECONDS,
    tasks: { apply: async () => 'applied' },
    clock,
    logger: silentLogger,
    stopNow: new AbortController().signal,
  };
  const { ends } = runAttempts(deps, [anAttempt(clock.now() + 3_600_000)]);
  // Lets the run begin before time moves on.
  await clock.advance(0);
  await clock.advance(TIMEOUT_SECONDS * 1000);
  return ends[0];
}

describe('a run that takes too long beside others', () => {
  it('is charged when the thread of the model was free', async () => {
    expect(await endOfTimeout({})).toMatchObject({ type: 'failed', error: { code: 'timeout' } });
  });

  it('is repeated alone when the thread does not react', async () => {
    expect(await endOfTimeout({ reacts: async () => false })).toMatchObject({ type: 'repeat', alone: true });
  });

  it('is repeated alone when another run had blocked the thread, though it is free again', async () => {
    const startedAt = new ManualClock().now();

    const end = await endOfTimeout({ wasStalledSince: (ms) => ms === startedAt });

    expect(end).toMatchObject({ type: 'repeat', alone: true });
  });
});

it('charges a run that takes too long alone, whatever the thread did', async () => {
  const end = await endOfTimeout({ unanswered: 1, wasStalledSince: () => true });

  expect(end).toMatchObject({ type: 'failed', error: { code: 'timeout' }, isSuspect: false });
});
