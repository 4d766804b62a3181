import { it } from 'vitest';
import { aborted, consume, LEASE_SECONDS, message, numberOf, type OpenQueue, seconds, sendMany } from './support.ts';

/** What keeps others away from a task in hand. */
export function leases(open: OpenQueue): void {
  it('renews everything that is held, what merely waits its turn too, well past the lease', async ({
    expect,
    ...test
  }) => {
    const { queue, elsewhere } = await open();
    await sendMany(queue, 12);
    const held = await consume(test, queue).take(12);
    const other = consume(test, elsewhere);

    await seconds(LEASE_SECONDS * 2.5);

    expect(await other.receive(10)).toEqual([]);
    expect(held.filter(({ lease }) => lease.aborted)).toEqual([]);
    await Promise.all(held.map((delivery) => delivery.ack()));
    await seconds(LEASE_SECONDS);
    expect(await other.receive(10)).toEqual([]);
  });

  it('tells the holder when the lease is lost, and lets somebody else have the task', async ({ expect, ...test }) => {
    const { queue, elsewhere, cutOff } = await open();
    await sendMany(queue, 2);
    let losses = 0;
    const observer = { leasesRenewed: () => undefined, leaseLost: () => void losses++ };
    const lost = await consume(test, queue, { observer }).take(2);

    await cutOff();
    await Promise.all(lost.map(({ lease }) => aborted(lease)));
    const taken = await consume(test, elsewhere).take(2);

    expect(taken.map(numberOf).toSorted()).toEqual([0, 1]);
    for (const delivery of taken) {
      expect(delivery).toMatchObject({ fence: 2, attempts: 0, losses: 1, isSuspect: true });
    }
    expect(losses).toBe(2);
  });

  it('ignores what is done with a delivery whose lease is lost', async ({ expect, ...test }) => {
    const { queue, elsewhere, cutOff } = await open();
    await sendMany(queue, 4);
    const [first, second, third, fourth] = await consume(test, queue).take(4);
    await cutOff();
    await Promise.all([first, second, third, fourth].map((delivery) => delivery && aborted(delivery.lease)));

    await first?.ack();
    await second?.retry({ attempts: 1 });
    await third?.release();
    await fourth?.reject({ code: 'late', message: 'Too late.' }, 1);

    const taken = await consume(test, elsewhere).take(4);
    expect(taken.map(numberOf).toSorted()).toEqual([0, 1, 2, 3]);
    expect(await consume(test, elsewhere, { source: 'dead-letters' }).receive(1)).toEqual([]);
  });

  it('leaves the lease of a settled delivery alone', async ({ expect, ...test }) => {
    const { queue } = await open();
    const consumer = consume(test, queue);
    await sendMany(queue, 2);
    const [acknowledged, retried] = await consumer.take(2);

    await acknowledged?.ack();
    await retried?.retry({ attempts: 1, delaySeconds: 10 });
    await seconds(LEASE_SECONDS * 1.5);

    expect(acknowledged?.lease.aborted).toBe(false);
    expect(retried?.lease.aborted).toBe(false);
  });

  it('keeps a receiver of dead letters in the lead, too', async ({ expect, ...test }) => {
    const { queue, elsewhere } = await open();
    await queue.send(message(1));
    await (await consume(test, queue).next()).reject({ code: 'poison', message: 'Not an envelope.' }, 0);
    const held = await consume(test, queue, { source: 'dead-letters' }).next();

    await seconds(LEASE_SECONDS * 1.5);

    expect(await consume(test, elsewhere, { source: 'dead-letters' }).receive(1)).toEqual([]);
    expect(held.lease.aborted).toBe(false);
  });
}
