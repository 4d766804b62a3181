import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { MemoryCallLog } from '#adapters/memory/index.ts';
import { type AnsweredCall, type CallLog, CallRecorder } from '#core';
import { systemClock } from '#platform/platform.ts';
import { aCall } from '#test/support/calls.ts';

function answered(owner: string): AnsweredCall {
  const { id: _, startedAt: __, ...call } = aCall({ owner });
  return call;
}

/** A clock whose pauses are short, so that retries need no time. */
const clock = { now: () => Date.now(), sleep: (_ms: number, signal?: AbortSignal) => systemClock.sleep(1, signal) };

function recorderOn(calls: CallLog) {
  const warnings: Record<string, unknown>[] = [];
  const logger = { warn: (message: string, fields = {}) => void warnings.push({ message, ...fields }) };
  const recorder = new CallRecorder({ calls, clock, logger });
  onTestFinished(() => recorder.stop());
  return { recorder, warnings };
}

describe('the recorder of calls', () => {
  it('writes calls in batches, each once, with the time at which it arrived', async () => {
    const calls = new MemoryCallLog(clock);
    const append = vi.spyOn(calls, 'append');
    const { recorder } = recorderOn(calls);

    for (let count = 0; count < 250; count++) recorder.record({ ...answered('ann'), durationMs: 5000 });
    await vi.waitFor(async () => expect((await calls.list({ owner: 'ann', limit: 100 })).nextCursor).toBeDefined(), {
      timeout: 20_000,
    });
    await recorder.stop();

    expect(append.mock.calls.map(([batch]) => batch.length)).toEqual([100, 100, 50]);
    const { calls: listed } = await calls.list({ owner: 'ann', limit: 1 });
    expect(Date.now() - Number(listed[0]?.startedAt)).toBeGreaterThanOrEqual(5000);
    expect(recorder.lost).toBe(0);
  });

  it('keeps calls while the log is away, and writes them when it is back', async () => {
    const calls = new MemoryCallLog(clock);
    calls.reachable = false;
    const append = vi.spyOn(calls, 'append');
    const { recorder, warnings } = recorderOn(calls);

    recorder.record(answered('ann'));
    await vi.waitFor(() => expect(append.mock.calls.length).toBeGreaterThan(3), { timeout: 20_000 });
    calls.reachable = true;

    await vi.waitFor(async () => expect((await calls.list({ owner: 'ann', limit: 9 })).calls).toHaveLength(1), {
      timeout: 20_000,
    });
    expect(recorder.lost).toBe(0);
    // One line, however often it was tried.
    expect(warnings).toMatchObject([{ message: 'Calls cannot be recorded now. They wait in memory.' }]);
  });

  it('loses what does not fit into its memory, counts it and says so, and never throws', async () => {
    const stuck = Promise.withResolvers<void>();
    const { recorder, warnings } = recorderOn({
      append: () => stuck.promise,
      list: async () => ({ calls: [] }),
      deleteOf: async () => undefined,
    });

    for (let count = 0; count < 10_025; count++) recorder.record(answered('ann'));

    expect(recorder.lost).toBe(25);
    expect(warnings).toMatchObject([{ message: 'Calls were not recorded.' }]);
    stuck.resolve();
  });

  it('writes what waits when it stops, and counts what it cannot write', async () => {
    const calls = new MemoryCallLog(clock);
    const first = recorderOn(calls);
    first.recorder.record(answered('ann'));
    await first.recorder.stop();
    expect((await calls.list({ owner: 'ann', limit: 9 })).calls).toHaveLength(1);

    calls.reachable = false;
    const second = recorderOn(calls);
    second.recorder.record(answered('ann'));
    await second.recorder.stop();

    expect(second.recorder.lost).toBe(1);
    expect(second.warnings).toMatchObject([{ message: 'Calls were not recorded.', lost: 1 }]);
  });
});
