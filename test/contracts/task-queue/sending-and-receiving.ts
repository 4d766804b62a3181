import { it } from 'vitest';
import { MAX_INLINE_BYTES } from '#core';
import { consume, eventually, message, numberOf, type OpenQueue, sendMany } from './support.ts';

/** From the sender to a receiver. */
export function sendingAndReceiving(open: OpenQueue): void {
  it('delivers the very bytes sent, for the first time and without a reason', async ({ expect, ...test }) => {
    const { queue, elsewhere } = await open();
    const body = Uint8Array.from({ length: 256 }, (_, byte) => byte);

    await queue.send({ body, group: 'somebody' });
    const delivery = await consume(test, elsewhere).next();

    expect(new Uint8Array(delivery.body)).toEqual(body);
    expect(delivery).toMatchObject({ fence: 1, attempts: 0, losses: 0, isSuspect: false });
    expect(delivery.reason).toBeUndefined();
    expect(delivery.lease.aborted).toBe(false);
    await delivery.ack();
  });

  it('carries an envelope around the largest inline payload', async ({ expect, ...test }) => {
    const { queue } = await open();
    const body = Uint8Array.from({ length: MAX_INLINE_BYTES + 1024 }, (_, index) => (index * 31) & 255);

    await queue.send({ body, group: 'somebody' });
    const delivery = await consume(test, queue).next();

    expect(Buffer.compare(delivery.body, body)).toBe(0);
    await delivery.ack();
  });

  it.each([
    ['an e-mail address', 'somebody@example.org'],
    ['words of any script', 'Ζωή Müller 🙂'],
    ['a very long name', 'x'.repeat(2000)],
  ])('takes %s as a group', async (_, group) => {
    const { queue } = await open();

    await queue.send({ body: Uint8Array.of(1), group });
  });

  it('hands out no more than was asked for', async ({ expect, ...test }) => {
    const { queue } = await open();
    await sendMany(queue, 5);
    const consumer = consume(test, queue);

    const first = await consumer.receive(3);

    expect(first.length).toBeGreaterThanOrEqual(1);
    expect(first.length).toBeLessThanOrEqual(3);
    const rest = await consumer.take(5 - first.length);
    expect([...first, ...rest].map(numberOf).toSorted()).toEqual([0, 1, 2, 3, 4]);
  });

  it('waits for what arrives later', async ({ expect, ...test }) => {
    const { queue, elsewhere } = await open();
    const receiving = consume(test, queue).next();

    await elsewhere.send(message(7));

    expect(numberOf(await receiving)).toBe(7);
  });

  it('answers with nothing when its poll time has passed', async ({ expect, ...test }) => {
    const { queue } = await open();

    expect(await consume(test, queue).receive(10)).toEqual([]);
  });

  it('gives each of many tasks to one of several receivers', async ({ expect, ...test }) => {
    const { queue, elsewhere } = await open();
    const consumers = [queue, queue, elsewhere].map((each) => consume(test, each, { leaseSeconds: 30 }));
    const received: number[] = [];
    await sendMany(queue, 60);

    await Promise.all(
      consumers.map(async (consumer) => {
        while (received.length < 60) {
          const deliveries = await consumer.receive(4);
          received.push(...deliveries.map(numberOf));
          await Promise.all(deliveries.map((delivery) => delivery.ack()));
        }
      }),
    );

    expect(received.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, number) => number));
  });

  it('counts what waits, what is in flight and what is dead', async ({ expect, ...test }) => {
    const { queue } = await open();
    const consumer = consume(test, queue, { leaseSeconds: 30 });
    await sendMany(queue, 4);

    const [rejected, held] = await consumer.take(2);
    await rejected?.reject({ code: 'poison', message: 'Not an envelope.' }, 0);

    await eventually(async () => {
      expect(await queue.depth()).toEqual({ visible: 2, inFlight: 1, delayed: 0, deadLetters: 1 });
    });
    await held?.ack();
    await eventually(async () => {
      expect(await queue.depth()).toEqual({ visible: 2, inFlight: 0, delayed: 0, deadLetters: 1 });
    });
  });

  it('says that it is unavailable when the broker cannot be reached', async ({ expect, ...test }) => {
    const { queue, cutOff } = await open();
    const consumer = consume(test, queue);
    await queue.send(message(1));
    const delivery = await consumer.next();
    await cutOff();
    const refused = expect.objectContaining({ code: 'queue_unavailable', retryable: true });

    await expect(queue.send(message(2))).rejects.toEqual(refused);
    await expect(consumer.receive(1)).rejects.toEqual(refused);
    await expect(queue.depth()).rejects.toEqual(refused);
    await expect(Promise.race([delivery.ack()])).rejects.toEqual(refused);
  });
}
