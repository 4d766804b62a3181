import { describe, expect, it, onTestFinished } from 'vitest';
import { type Clock, getTask, type Task } from '#core';
import { type Platform, systemClock } from '#platform/platform.ts';

import { createTestWorkerOn, type Predict } from '#test/support/test-worker.ts';

/** Opens a platform in a process whose own clock is this one, and connects it as an instance does. */
type OpenWith = (ownClock: Clock) => Promise<Platform>;

const FIVE_MINUTES = 300_000;
/** Stores tell the time to the second at worst. */
const TOLERANCE_MS = 2500;

const wrongBy = (ms: number): Clock => ({ ...systemClock, now: () => systemClock.now() + ms });
const echo: Predict = (_state, { value }) => ({ value });

/** What every platform whose store is on another machine promises processes with wrong clocks. */
export function wrongClockContract(name: string, open: OpenWith): void {
  describe.each([
    ['ahead', FIVE_MINUTES],
    ['behind', -FIVE_MINUTES],
  ])(`A clock that is five minutes %s, on ${name}`, (_, skewMs) => {
    async function run(submitterClock: Clock, workerClock: Clock): Promise<Task> {
      const [submitter, runner] = [await open(submitterClock), await open(workerClock)];
      const submitting = createTestWorkerOn({ predict: echo }, { platform: submitter });
      const running = createTestWorkerOn({ predict: echo }, { platform: runner });
      const task = await submitting.submit(7, { deadlineSeconds: 60 });
      void running.start();
      onTestFinished(() => running.stop());
      return submitting.ended(task);
    }

    it.each([
      ['an instance', systemClock, wrongBy(skewMs)],
      ['a gateway', wrongBy(skewMs), systemClock],
      ['a gateway and an instance', wrongBy(skewMs), wrongBy(-skewMs)],
    ])('of %s expires no task and writes no wrong times', async (__, submitterClock, workerClock) => {
      const before = Date.now();

      const { state, createdAt, deadlineAt, startedAt = 0, endedAt = 0 } = await run(submitterClock, workerClock);

      const after = Date.now();
      expect(state).toBe('succeeded');
      expect(deadlineAt - createdAt).toBe(60_000);
      for (const time of [createdAt, startedAt, endedAt]) {
        expect(time).toBeGreaterThan(before - TOLERANCE_MS);
        expect(time).toBeLessThan(after + TOLERANCE_MS);
      }
    });

    it('expires no task that is only read', async () => {
      const [right, wrong] = [await open(systemClock), await open(wrongBy(skewMs))];
      const { id } = await createTestWorkerOn({ predict: echo }, { platform: right }).submit(7, {
        deadlineSeconds: 60,
      });

      const task = await getTask(wrong, { id, owner: 'local' });

      expect(task.state).toBe('queued');
    });
  });
}
