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

  it('delivers a retried task again at once, with the attempts that were told', async ({ expect, ...test }) => {
    const { queue, elsewhere } = await open();
    await queue.send(message(1));
    const first = await consume(test, queue, { leaseSeconds: 30 }).next();

    await first.retry({ attempts: 1 });
    const second = await consume(test, elsewhere).next();

    expect(second.body).toEqual(first.body);
    expect(second).toMatchObject({ fence: 2, attempts: 1, isSuspect: false });
    expect(first.lease.aborted).toBe(false);
  });

  it('keeps a retried task back until its delay has passed', async ({ expect, ...test }) => {
    const { queue } = await open();
    await queue.send(message(1));
    const consumer = consume(test, queue);

    await (await consumer.next()).retry({ attempts: 1, delaySeconds: 4 });

    expect(await consumer.receive(1)).toEqual([]);
    expect(await consumer.next()).toMatchObject({ fence: 2, attempts: 1 });
  });

  it('charges nothing for what is released, and raises its fence unless told otherwise', async ({
    expect,
    ...test
  }) => {
    const { queue, elsewhere } = await open();
    await queue.send(message(9));
    const consumer = consume(test, queue);
    const seen: unknown[] = [];
    const settle: ((delivery: Delivery) => Promise<void>)[] = [
      (delivery) => delivery.release({ keepFence: true }),
      (delivery) => delivery.release(),
      (delivery) => delivery.retry({ attempts: 1, isSuspect: true }),
      (delivery) => delivery.release({ keepFence: true }),
      (delivery) => delivery.release({ keepFence: true, isSuspect: false }),
      (delivery) => delivery.release({ delaySeconds: 1, isSuspect: true }),
      (delivery) => delivery.release(),
      (delivery) => delivery.release({ attempts: 2 }),
      (delivery) => delivery.ack(),
    ];

    for (const act of settle) {
      const delivery = await consumer.next();
      seen.push([delivery.fence, delivery.attempts, delivery.isSuspect]);
      expect(numberOf(delivery)).toBe(9);
      expect(delivery.losses).toBe(0);
      await act(delivery);
    }

    expect(seen).toEqual([
      [1, 0, false],
      [1, 0, false],
      [2, 0, false],
      [3, 1, true],
      [3, 1, true],
      [3, 1, false],
      [4, 1, true],
      [5, 1, false],
      [6, 2, false],
    ]);
    expect(await consume(test, elsewhere).receive(1)).toEqual([]);
  });

  it('keeps a released task back until its delay has passed', async ({ expect, ...test }) => {
    const { queue } = await open();
    await queue.send(message(1));
    const consumer = consume(test, queue);

    await (await consumer.next()).release({ delaySeconds: 4 });

    expect(await consumer.receive(1)).toEqual([]);
    expect(await consumer.next()).toMatchObject({ fence: 2, attempts: 0 });
  });

  it('moves a rejected task to the dead letters with its reason and its attempts', async ({ expect, ...test }) => {
    const { queue, elsewhere } = await open();
    await queue.send(message(5));
    const consumer = consume(test, queue);
    await (await consumer.next()).retry({ attempts: 1 });
    const reason = { code: 'attempts_exhausted', message: 'It broke:\n  “Ζωή” \u{1f642} at line 3.' };

    await (await consumer.next()).reject(reason, 2);
    const dead = await consume(test, elsewhere, { source: 'dead-letters' }).next();

    expect(numberOf(dead)).toBe(5);
    expect(dead.reason).toEqual(reason);
    expect(dead).toMatchObject({ attempts: 2, isSuspect: false });
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
      await (await consumer.next()).reject({ code: 'odd', message: text }, 0);
      const dead = await deadLetters.next();
      expect(dead.reason?.code).toBe('odd');
      await dead.ack();
    }
  });

  it('keeps reason and attempts of a dead letter that is given back', async ({ expect, ...test }) => {
    const { queue } = await open();
    await queue.send(message(5));
    const reason = { code: 'poison', message: 'Not an envelope.' };
    await (await consume(test, queue).next()).reject(reason, 3);
    const deadLetters = consume(test, queue, { source: 'dead-letters' });

    await (await deadLetters.next()).retry({ attempts: 7 });
    await (await deadLetters.next()).release({ isSuspect: true });
    const dead = await deadLetters.next();

    expect(dead).toMatchObject({ reason, attempts: 3, isSuspect: false });
  });
}
