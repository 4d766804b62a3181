import { randomUUID } from 'node:crypto';
import { Queue, QueueEvents, Worker } from 'bullmq';
import { type Figures, measure } from './measure.ts';

interface BullMq {
  readonly redisUrl: string;
  readonly concurrency: number;
  readonly seconds: number;
}

/** The same empty job through BullMQ on the same Redis: add, process, wait for the end. */
export async function measureBullMq({ redisUrl, concurrency, seconds }: BullMq): Promise<Figures> {
  const { hostname: host, port } = new URL(redisUrl);
  const connection = { host, port: Number(port), maxRetriesPerRequest: null };
  const name = `bench-${randomUUID()}`;
  const queue = new Queue(name, { connection });
  const events = new QueueEvents(name, { connection });
  const worker = new Worker(name, async ({ data }) => data, { connection, concurrency: 64 });
  // Every waiter adds listeners to both.
  for (const emitter of [queue, events]) emitter.setMaxListeners(0);
  await Promise.all([queue.waitUntilReady(), events.waitUntilReady(), worker.waitUntilReady()]);

  const once = async (): Promise<void> => {
    const job = await queue.add('noop', { data: 'example' }, { removeOnComplete: 1000 });
    await job.waitUntilFinished(events);
  };
  await measure({ name, concurrency, seconds: 1, once });
  const figures = await measure({ name: 'BullMQ, add and wait, in one process', concurrency, seconds, once });

  await Promise.all([worker.close(), events.close()]);
  await queue.close();
  return figures;
}
