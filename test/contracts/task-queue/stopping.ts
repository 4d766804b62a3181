import { it } from 'vitest';
import { consume, message, numberOf, type OpenQueue, sendMany } from './support.ts';

/** How a receiver stops. */
export function stopping(open: OpenQueue): void {
  it('answers with nothing once it is told to stop', async ({ expect, ...test }) => {
    const { queue } = await open();
    const consumer = consume(test, queue);
    const receiving = consumer.receive(10);

    consumer.stop();

    expect(await receiving).toEqual([]);
    await queue.send(message(1));
    expect(await consumer.receive(10)).toEqual([]);
  });

  it('keeps nobody waiting for what arrived while it stopped', async ({ expect, ...test }) => {
    const { queue, elsewhere } = await open();
    const stopped = consume(test, queue, { leaseSeconds: 600 });
    const receiving = stopped.receive(10);
    // The receive has to be under way at the broker.
    await new Promise((resolve) => setTimeout(resolve, 300));

    stopped.stop();
    await sendMany(elsewhere, 3);
    const taken = await consume(test, elsewhere).take(3);

    expect(await receiving).toEqual([]);
    expect(taken.map(numberOf).toSorted()).toEqual([0, 1, 2]);
    expect(taken.map(({ fence }) => fence)).toEqual([1, 1, 1]);
  });

  it('still settles what it had received', async ({ expect, ...test }) => {
    const { queue, elsewhere } = await open();
    await sendMany(queue, 3);
    const consumer = consume(test, queue, { leaseSeconds: 600 });
    const [acknowledged, released, retried] = await consumer.take(3);

    consumer.stop();
    await Promise.all([acknowledged?.ack(), released?.release(), retried?.retry({ attempts: 1 })]);
    await consumer.close();

    const taken = await consume(test, elsewhere).take(2);
    expect(taken.map((delivery) => [numberOf(delivery), delivery.attempts]).toSorted()).toEqual(
      [
        [released && numberOf(released), 0],
        [retried && numberOf(retried), 1],
      ].toSorted(),
    );
  });
}
