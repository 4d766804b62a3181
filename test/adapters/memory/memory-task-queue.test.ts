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

const LEASE = { leaseSeconds: 30, signal: new AbortController().signal };
const numbered = (i: number) => ({ body: Uint8Array.of(i >> 8, i & 255) });

it('hands out thousands of messages once each, in order of arrival', async () => {
  const queue = new MemoryTaskQueue({ clock: new ManualClock(), pollMs: 0 });
  const consumer = queue.consume(LEASE);
  const taken: number[] = [];
  for (let i = 0; i < 3000; i++) {
    await queue.send(numbered(i));
    if (i % 3 === 2)
      for (const { body } of await consumer.receive(2)) taken.push(((body[0] ?? 0) << 8) | (body[1] ?? 0));
  }
  for (let more = await consumer.receive(100); more.length > 0; more = await consumer.receive(100)) {
    for (const { body } of more) taken.push(((body[0] ?? 0) << 8) | (body[1] ?? 0));
  }

  expect(taken).toEqual(Array.from({ length: 3000 }, (_, i) => i));
  expect(await queue.depth()).toEqual({ visible: 0, inFlight: 3000, delayed: 0, deadLetters: 0 });
});

it('takes back each lease when it ends, though a longer one was given after it', async () => {
  const clock = new ManualClock();
  const queue = new MemoryTaskQueue({ clock, pollMs: 0 });
  const short = queue.consume({ ...LEASE, leaseSeconds: 10 });
  const long = queue.connect();
  for (const i of [1, 2]) await queue.send(numbered(i));
  await short.receive(1);
  await long.consume(LEASE).receive(1);
  // Nobody renews any more.
  queue.reachable = false;
  long.reachable = false;
  const inFlight: number[] = [];
  const elsewhere = queue.connect();

  for (const ms of [9999, 1, 19_999, 1]) {
    await clock.advance(ms);
    inFlight.push((await elsewhere.depth()).inFlight);
  }

  expect(inFlight).toEqual([2, 1, 1, 0]);
});

it('keeps a message back for its delay, and one without a delay not at all', async () => {
  const clock = new ManualClock();
  const queue = new MemoryTaskQueue({ clock, pollMs: 0 });
  const consumer = queue.consume(LEASE);
  for (const i of [1, 2]) await queue.send(numbered(i));
  const [first, second] = await consumer.receive(2);

  await first?.release({ delaySeconds: 0 });
  await second?.release({ delaySeconds: 5 });
  const depths = [await queue.depth()];
  for (const ms of [4999, 1]) {
    await clock.advance(ms);
    depths.push(await queue.depth());
  }

  expect(depths.map(({ visible, delayed, inFlight }) => [visible, delayed, inFlight])).toEqual([
    [1, 1, 0],
    [1, 1, 0],
    [2, 0, 0],
  ]);
});

it('tells its holder of renewals at a third of the lease, and of nothing after it was closed', async () => {
  const clock = new ManualClock();
  const queue = new MemoryTaskQueue({ clock, pollMs: 0 });
  const renewed: number[] = [];
  const observer = { leasesRenewed: (count: number) => void renewed.push(count), leaseLost: () => undefined };
  const consumer = queue.consume({ ...LEASE, observer });
  for (const i of [1, 2]) await queue.send(numbered(i));
  const [first] = await consumer.receive(2);

  await clock.advance(9999);
  const early = [...renewed];
  await clock.advance(1);
  await first?.ack();
  await clock.advance(10_000);
  await consumer.close();
  await clock.advance(20_000);

  expect([early, renewed]).toEqual([[], [2, 1]]);
});

it('wakes everybody who waits when it is closed', async () => {
  const queue = new MemoryTaskQueue({ clock: new ManualClock() });
  const waiting = [queue, queue.connect()].map((each) => each.consume(LEASE).receive(1));
  await new Promise(setImmediate);

  queue.close();

  expect(await Promise.all(waiting)).toEqual([[], []]);
});
