import { beforeEach, describe, expect, it } from 'vitest';
import type { TaskQueue } from '#core';
import { consume, numberOf, seconds, sendMany } from '#test/contracts/task-queue/support.ts';
import { countAwsCalls } from '#test/support/aws-calls.ts';
import { useEmulatedAws } from '#test/support/emulated-aws.ts';

const aws = useEmulatedAws();

describe('what SQS costs', () => {
  const calls = countAwsCalls();
  let queue: TaskQueue;

  beforeEach(async () => {
    const model = await aws.newModel();
    queue = aws.open({ onCall: calls.onCall }).queues(model);
    calls.reset();
  });

  it('is one send, a tenth of a receive and a tenth of a delete for each task of a backlog', async (test) => {
    await sendMany(queue, 40);
    const consumer = consume(test, queue, { leaseSeconds: 30 });

    for (let received = 0; received < 40; ) {
      const deliveries = await consumer.receive(10);
      received += deliveries.length;
      await Promise.all(deliveries.map((delivery) => delivery.ack()));
    }

    expect(calls.counts()).toEqual({ 'SQS.SendMessage': 40, 'SQS.ReceiveMessage': 4, 'SQS.DeleteMessageBatch': 4 });
  });

  it('is one send for ten tasks of a batch, and one for each megabyte of large ones', async () => {
    const body = (bytes: number) => ({ body: new Uint8Array(bytes), group: 'somebody' });

    const faults = await queue.sendMany?.(Array.from({ length: 95 }, () => body(100)));
    const small = calls.counts();
    calls.reset();
    await queue.sendMany?.(Array.from({ length: 10 }, () => body(128 * 1024)));

    expect(faults).toEqual(Array(95).fill(undefined));
    expect(small).toEqual({ 'SQS.SendMessageBatch': 10 });
    expect(calls.counts()).toEqual({ 'SQS.SendMessageBatch': 2 });
    expect((await queue.depth()).visible).toBe(105);
  });

  it('does not grow when acknowledgements trickle in one after the other', async (test) => {
    await sendMany(queue, 10);
    const deliveries = await consume(test, queue, { leaseSeconds: 30 }).take(10);
    calls.reset();

    const acknowledged: Promise<void>[] = [];
    for (const delivery of deliveries) {
      acknowledged.push(delivery.ack());
      await new Promise(setImmediate);
    }
    await Promise.all(acknowledged);

    expect(calls.counts()).toEqual({ 'SQS.DeleteMessageBatch': 1 });
  });

  it('is one renewal for ten held tasks at each third of the lease', async (test) => {
    await sendMany(queue, 12);
    const held = await consume(test, queue, { leaseSeconds: 3 }).take(12);
    calls.reset();

    await seconds(1.5);

    const { 'SQS.ChangeMessageVisibilityBatch': renewals, ...others } = calls.counts();
    expect(others).toEqual({});
    expect(renewals).toBe(2);
    expect(held.map(numberOf)).toHaveLength(12);
  });

  it('is no renewal while nothing is held', async (test) => {
    const consumer = consume(test, queue, { leaseSeconds: 1 });

    await consumer.receive(1);

    expect(calls.counts()).toEqual({ 'SQS.ReceiveMessage': 1 });
  });
});
