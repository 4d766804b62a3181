import { it } from 'vitest';
import type { Delivery } from '#core';
import { consume, eventually, LEASE_SECONDS, message, numberOf, type OpenQueue, seconds, sendMany } from './support.ts';

/** What becomes of a delivery. */
export function settling(open: OpenQueue): void {
  it('forgets what was acknowledged, each of many at once', async ({ expect, ...test }) => {
    const { queue, elsewhere } = await open();
    const consumer = consume(test, queue);
    await sendMany(queue, 25);
    const deliveries = await consumer.take(25);

    await Promise.all(deliveries.map((delivery) => delivery.ack()));

    await seconds(LEASE_SECONDS);
    expect(await consume(test, elsewhere).receive(10)).toEqual([]);
    await eventually(async () => {
      expect(await queue.depth()).toEqual({ visible: 0, inFlight: 0, delayed: 0, deadLetters: 0 });
    });
  });

  it('delivers a retried task again at once, one attempt later', async ({ expect, ...test }) => {
    const { queue, elsewhere } = await open();
    await queue.send(message(1));
    const first = await consume(test, queue, { leaseSeconds: 30 }).next();

    await first.retry();
    const second = await consume(test, elsewhere).next();

    expect(second.body).toEqual(first.body);
    expect(second.attempt).toBe(2);
    expect(first.lease.aborted).toBe(false);
  });

  it('keeps a retried task back until its delay has passed', async ({ expect, ...test }) => {
    const { queue } = await open();
    await queue.send(message(1));
    const consumer = consume(test, queue);

    await (await consumer.next()).retry(4);

    expect(await consumer.receive(1)).toEqual([]);
    expect((await consumer.next()).attempt).toBe(2);
  });

  it('spends no attempt on what is released', async ({ expect, ...test }) => {
    const { queue, elsewhere } = await open();
    await queue.send(message(9));
    const consumer = consume(test, queue);
    const attempts: number[] = [];
    const settle: ((delivery: Delivery) => Promise<void>)[] = [
      (delivery) => delivery.release(),
      (delivery) => delivery.retry(),
      (delivery) => delivery.release(),
      (delivery) => delivery.release(1),
      (delivery) => delivery.retry(),
      (delivery) => delivery.ack(),
    ];

    for (const act of settle) {
      const delivery = await consumer.next();
      attempts.push(delivery.attempt);
      expect(numberOf(delivery)).toBe(9);
      await act(delivery);
    }

    expect(attempts).toEqual([1, 1, 2, 2, 2, 3]);
    expect(await consume(test, elsewhere).receive(1)).toEqual([]);
  });

  it('keeps a released task back until its delay has passed', async ({ expect, ...test }) => {
    const { queue } = await open();
    await queue.send(message(1));
    const consumer = consume(test, queue);

    await (await consumer.next()).release(4);

    expect(await consumer.receive(1)).toEqual([]);
    expect((await consumer.next()).attempt).toBe(1);
  });

  it('moves a rejected task to the dead letters with its reason and the attempts it spent', async ({
    expect,
    ...test
  }) => {
    const { queue, elsewhere } = await open();
    await queue.send(message(5));
    const consumer = consume(test, queue);
    await (await consumer.next()).retry();
    const reason = { code: 'attempts_exhausted', message: 'It broke:\n  “Ζωή” \u{1f642} at line 3.' };

    await (await consumer.next()).reject(reason);
    const dead = await consume(test, elsewhere, { source: 'dead-letters' }).next();

    expect(numberOf(dead)).toBe(5);
    expect(dead.reason).toEqual(reason);
    expect(dead.attempt).toBe(2);
    expect(await consumer.receive(1)).toEqual([]);
    await dead.ack();
    await eventually(async () => expect((await queue.depth()).deadLetters).toBe(0));
  });

  it('takes any text as a reason', async ({ expect, ...test }) => {
    const { queue } = await open();
    const consumer = consume(test, queue);
    const deadLetters = consume(test, queue, { source: 'dead-letters' });
    const messages = ['', 'null \u0000 and bell \u0007', 'half a pair \ud800', 'x'.repeat(300_000)];

    for (const text of messages) {
      await queue.send(message(1));
      await (await consumer.next()).reject({ code: 'odd', message: text });
      const dead = await deadLetters.next();
      expect(dead.reason?.code).toBe('odd');
      await dead.ack();
    }
  });

  it('keeps reason and attempts of a dead letter that is given back', async ({ expect, ...test }) => {
    const { queue } = await open();
    await queue.send(message(5));
    const reason = { code: 'poison', message: 'Not an envelope.' };
    await (await consume(test, queue).next()).reject(reason);
    const deadLetters = consume(test, queue, { source: 'dead-letters' });

    await (await deadLetters.next()).retry();
    await (await deadLetters.next()).release();
    const dead = await deadLetters.next();

    expect(dead).toMatchObject({ reason, attempt: 1 });
  });
}
