import { vi } from 'vitest';
import type { ConsumeOptions, Delivery, TaskConsumer, TaskQueue } from '#core';

/** An empty queue of its own, and the ways a test looks at it. An empty receive waits about a second. */
interface QueueUnderTest {
  readonly queue: TaskQueue;
  /** The same queue as another process sees it. */
  readonly elsewhere: TaskQueue;
  /** From now on `queue` cannot reach its broker; `elsewhere` can. */
  cutOff(): Promise<void>;
}

export type OpenQueue = () => Promise<QueueUnderTest>;

/** The lease of most tests: short, because some wait for it to end. */
export const LEASE_SECONDS = 2;

/** A consumer and the signal that stops it. */
export interface TestConsumer extends TaskConsumer {
  stop(): void;
  /** The next delivery, however many polls it takes. */
  next(): Promise<Delivery>;
  /** So many deliveries, however many receives it takes. */
  take(count: number): Promise<readonly Delivery[]>;
}

type Cleanup = (cleanup: () => Promise<void>) => void;

/** Consumes for as long as the test runs. */
export function consume(
  { onTestFinished }: { readonly onTestFinished: Cleanup },
  queue: TaskQueue,
  options: Partial<ConsumeOptions> = {},
): TestConsumer {
  const stopping = new AbortController();
  const consumer = queue.consume({ leaseSeconds: LEASE_SECONDS, signal: stopping.signal, ...options });
  let isOver = false;
  onTestFinished(async () => {
    isOver = true;
    stopping.abort();
    await consumer.close();
  });

  async function receive(max: number): Promise<readonly Delivery[]> {
    // Who waits for more in a loop would never let go of the process again: nothing is what it gets at once.
    if (isOver) throw new Error('The test is over.');
    return consumer.receive(max);
  }

  async function take(count: number): Promise<readonly Delivery[]> {
    const taken: Delivery[] = [];
    while (taken.length < count) taken.push(...(await receive(count - taken.length)));
    return taken;
  }

  return {
    receive,
    close: () => consumer.close(),
    stop: () => stopping.abort(),
    take,
    async next() {
      const [delivery] = await take(1);
      if (delivery === undefined) throw new Error('take(1) resolved with nothing');
      return delivery;
    },
  };
}

/** A message that can be told from others. */
export const message = (number: number) => ({ body: Uint8Array.of(1, number >> 8, number & 255), group: 'somebody' });

export const numberOf = ({ body }: Delivery): number => ((body[1] ?? 0) << 8) | (body[2] ?? 0);

export async function sendMany(queue: TaskQueue, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, number) => queue.send(message(number))));
}

/** Counts are approximate and may lag, so they are asked for until they are right. */
export const eventually = (check: () => Promise<void>): Promise<void> =>
  vi.waitFor(check, { timeout: 10_000, interval: 100 });

/** Resolves when the signal aborts. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve());
  });

/** Time that a test has to let pass, because a lease has to end or not to end in it. */
export const seconds = (count: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, count * 1000));
