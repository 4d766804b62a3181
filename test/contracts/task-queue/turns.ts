import { it } from 'vitest';
import type { Delivery, Priority, TaskQueue } from '#core';
import { consume, type OpenQueue, type TestConsumer } from './support.ts';

const BACKLOG = 24;

/** Receives one message after the other, as a worker with one slot does. */
async function runAll(consumer: TestConsumer, count: number): Promise<readonly string[]> {
  const names: string[] = [];
  while (names.length < count) {
    const delivery = await consumer.next();
    names.push(nameOf(delivery));
    await delivery.ack();
  }
  return names;
}

const nameOf = ({ body }: Delivery): string => Buffer.from(body).toString();

async function send(queue: TaskQueue, group: string, count: number, priority?: Priority): Promise<void> {
  const message = { body: Buffer.from(priority ?? group), group, ...(priority ? { priority } : {}) };
  await Promise.all(Array.from({ length: count }, () => queue.send(message)));
}

const meanPosition = (names: readonly string[], name: string): number => {
  const positions = names.flatMap((each, index) => (each === name ? [index] : []));
  return positions.reduce((sum, position) => sum + position, 0) / positions.length;
};

/** Groups take turns, and so do priorities. */
export function turns(open: OpenQueue): void {
  it('delivers the only message of a group before the backlog of another', async ({ expect, ...test }) => {
    const { queue, elsewhere } = await open();
    await send(queue, 'many', BACKLOG);
    const consumer = consume(test, elsewhere, { leaseSeconds: 30 });
    await runAll(consumer, 2);

    await send(queue, 'one', 1);
    const next = await runAll(consumer, 4);

    expect(next).toContain('one');
    expect(await runAll(consumer, BACKLOG - 5)).toEqual(Array.from({ length: BACKLOG - 5 }, () => 'many'));
  });

  it('lets no backlog wait for the end of another', async ({ expect, ...test }) => {
    const { queue } = await open();
    await send(queue, 'first', BACKLOG);
    await send(queue, 'second', BACKLOG);

    const half = await runAll(consume(test, queue, { leaseSeconds: 30 }), BACKLOG);

    for (const group of ['first', 'second']) {
      expect(half.filter((name) => name === group).length).toBeGreaterThan(BACKLOG / 4);
    }
  });

  it('delivers a message of high priority before the backlog of its group', async ({ expect, ...test }) => {
    const { queue } = await open();
    await send(queue, 'somebody', BACKLOG);

    await send(queue, 'somebody', 1, 'high');

    expect(await runAll(consume(test, queue, { leaseSeconds: 30 }), 4)).toContain('high');
  });

  it('prefers higher priorities and lets each level progress', async ({ expect, ...test }) => {
    const { queue } = await open();
    for (const priority of ['low', 'normal', 'high'] as const) await send(queue, 'somebody', BACKLOG, priority);

    const names = await runAll(consume(test, queue, { leaseSeconds: 30 }), 3 * BACKLOG);

    expect(meanPosition(names, 'high')).toBeLessThan(meanPosition(names, 'normal'));
    expect(meanPosition(names, 'normal')).toBeLessThan(meanPosition(names, 'low'));
    expect(names.indexOf('low')).toBeLessThan(names.lastIndexOf('high'));
  });
}
