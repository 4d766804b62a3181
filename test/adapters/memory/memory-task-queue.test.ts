import { expect, it } from 'vitest';
import { MemoryTaskQueue } from '#adapters/memory/index.ts';
import { systemClock } from '#platform/platform.ts';
import { taskQueueContract } from '#test/contracts/task-queue.contract.ts';
import { ManualClock } from '#test/support/manual-clock.ts';

taskQueueContract('memory', async () => {
  const queue = new MemoryTaskQueue({ clock: systemClock, pollMs: 1000 });
  return {
    queue,
    elsewhere: queue.connect(),
    async cutOff() {
      queue.reachable = false;
    },
  };
});

it('delivers again what could not be settled, though its holder renews everything else', async () => {
  const clock = new ManualClock();
  const queue = new MemoryTaskQueue({ clock, pollMs: 0 });
  const consumer = queue.consume({ leaseSeconds: 30, signal: new AbortController().signal });
  await queue.send({ body: Uint8Array.of(1) });
  await queue.send({ body: Uint8Array.of(2) });
  const [unsettled, kept] = await consumer.receive(2);

  queue.reachable = false;
  await expect(unsettled?.ack()).rejects.toMatchObject({ code: 'queue_unavailable' });
  queue.reachable = true;
  await clock.advance(31_000);
  const again = await consumer.receive(2);

  expect(again.map(({ body, fence }) => [body[0], fence])).toEqual([[1, 2]]);
  expect([unsettled?.lease.aborted, kept?.lease.aborted]).toEqual([true, false]);
});
