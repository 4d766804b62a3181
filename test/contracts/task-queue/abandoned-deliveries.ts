import { it } from 'vitest';
import { consume, message, numberOf, type OpenQueue, sendMany } from './support.ts';

/** What a crashed receiver leaves behind. A consumer that is closed with deliveries in hand is as good as crashed. */
export function abandonedDeliveries(open: OpenQueue): void {
  it('delivers again, one attempt later, what a receiver left unsettled', async ({ expect, ...test }) => {
    const { queue, elsewhere } = await open();
    await sendMany(queue, 3);
    const crashing = consume(test, queue);
    await crashing.take(3);

    await crashing.close();
    const taken = await consume(test, elsewhere).take(3);

    expect(taken.map(numberOf).toSorted()).toEqual([0, 1, 2]);
    expect(taken.map(({ attempt }) => attempt)).toEqual([2, 2, 2]);
  });

  it('keeps others away until the lease of the crashed receiver has ended', async ({ expect, ...test }) => {
    const { queue, elsewhere } = await open();
    await queue.send(message(1));
    const crashing = consume(test, queue, { leaseSeconds: 5 });
    await crashing.next();

    await crashing.close();

    expect(await consume(test, elsewhere).receive(1)).toEqual([]);
  });

  it('counts every attempt, whether it crashed, was retried or released', async ({ expect, ...test }) => {
    const { queue } = await open();
    await queue.send(message(1));
    const attempts: number[] = [];

    for (const end of ['crash', 'retry', 'release', 'crash', 'release', 'retry'] as const) {
      const consumer = consume(test, queue, { leaseSeconds: 1 });
      const delivery = await consumer.next();
      attempts.push(delivery.attempt);
      if (end !== 'crash') await delivery[end]();
      await consumer.close();
    }

    expect(attempts).toEqual([1, 2, 3, 3, 4, 4]);
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
