import { it } from 'vitest';
import type { Delivery } from '#core';
import { consume, message, numberOf, type OpenQueue, sendMany } from './support.ts';

/** What a crashed receiver leaves behind. Closing a consumer that holds deliveries has the same effect as a crash. */
export function abandonedDeliveries(open: OpenQueue): void {
  it('delivers again, as a suspect, what a receiver left unsettled', async ({ expect, ...test }) => {
    const { queue, elsewhere } = await open();
    await sendMany(queue, 3);
    const crashing = consume(test, queue);
    await crashing.take(3);

    await crashing.close();
    const taken = await consume(test, elsewhere).take(3);

    expect(taken.map(numberOf).toSorted()).toEqual([0, 1, 2]);
    for (const delivery of taken) {
      expect(delivery).toMatchObject({ fence: 2, attempts: 0, losses: 1, isSuspect: true });
    }
  });

  it('keeps others away until the lease of the crashed receiver has ended', async ({ expect, ...test }) => {
    const { queue, elsewhere } = await open();
    await queue.send(message(1));
    const crashing = consume(test, queue, { leaseSeconds: 5 });
    await crashing.next();

    await crashing.close();

    expect(await consume(test, elsewhere).receive(1)).toEqual([]);
  });

  it('counts every delivery, and of those that were lost or charged how many', async ({ expect, ...test }) => {
    const { queue } = await open();
    await queue.send(message(1));
    const seen: unknown[] = [];
    const steps: ((delivery: Delivery) => Promise<void>)[] = [
      async () => undefined,
      (delivery) => delivery.retry({ attempts: 1 }),
      (delivery) => delivery.release(),
      async () => undefined,
      (delivery) => delivery.release({ isSuspect: true }),
      async () => undefined,
      (delivery) => delivery.release({ keepFence: true }),
      (delivery) => delivery.retry({ attempts: 2, isSuspect: true }),
      (delivery) => delivery.ack(),
    ];

    for (const step of steps) {
      const consumer = consume(test, queue, { leaseSeconds: 1 });
      const delivery = await consumer.next();
      const { fence, attempts, losses, isSuspect } = delivery;
      seen.push([fence, attempts, losses, isSuspect]);
      await step(delivery);
      await consumer.close();
    }

    expect(seen).toEqual([
      [1, 0, 0, false],
      [2, 0, 1, true],
      [3, 1, 1, false],
      [4, 1, 1, false],
      [5, 1, 2, true],
      [6, 1, 2, true],
      [7, 1, 3, true],
      [7, 1, 3, true],
      [8, 2, 3, true],
    ]);
  });

  it('lets go of acknowledgements that are on their way before it closes', async ({ expect, ...test }) => {
    const { queue, elsewhere } = await open();
    await sendMany(queue, 3);
    const consumer = consume(test, queue, { leaseSeconds: 1 });
    const deliveries = await consumer.take(3);

    const acknowledged = Promise.all(deliveries.map((delivery) => delivery.ack()));
    await consumer.close();
    await acknowledged;

    const other = consume(test, elsewhere);
    expect(await other.receive(3)).toEqual([]);
    expect(await other.receive(3)).toEqual([]);
  });
}
