import type { ConsumeOptions, QueueDepth, TaskConsumer, TaskQueue } from '#core';
import { translated } from '../errors.ts';
import type { HeldCounts } from './held-counts.ts';
import type { RabbitConnections } from './rabbit-connections.ts';
import { RabbitTaskConsumer } from './rabbit-task-consumer.ts';
import { delayQueuesOf, type ModelQueues, queuesOf } from './rabbit-topology.ts';

export interface RabbitTaskQueueOptions {
  readonly connections: RabbitConnections;
  readonly counts: HeldCounts;
  /** Prefix of all queue names. */
  readonly prefix: string;
  readonly model: string;
  /** Time limit of an empty receive, in milliseconds. */
  readonly pollMs: number;
}

/** Tasks in a quorum queue, which is declared on first use. */
export class RabbitTaskQueue implements TaskQueue {
  readonly #options: RabbitTaskQueueOptions;
  readonly #queues: ModelQueues;

  constructor(options: RabbitTaskQueueOptions) {
    this.#options = options;
    this.#queues = queuesOf(options.prefix, options.model);
  }

  async send({ body }: { readonly body: Uint8Array }): Promise<void> {
    const { publisher } = this.#options.connections;
    await publisher.declare(this.#queues);
    await publisher.publish({ queue: this.#queues.tasks, body });
  }

  consume({ source = 'tasks', ...options }: ConsumeOptions): TaskConsumer {
    const { connections, counts, pollMs } = this.#options;
    return new RabbitTaskConsumer({
      ...options,
      ...connections.consuming(options.leaseSeconds),
      publisher: connections.publisher,
      queues: this.#queues,
      counts,
      pollMs,
      source,
    });
  }

  depth(): Promise<QueueDepth> {
    return translated('queue_unavailable', async () => {
      const { connections, counts } = this.#options;
      const { tasks, deadLetters } = this.#queues;
      await connections.publisher.declare(this.#queues);
      const channel = await connections.publishing.channel();
      const ready = async (queue: string): Promise<number> => {
        const reply = await channel.queueDeclare({ queue, passive: true });
        if (reply.queue !== queue) throw new Error(`RabbitMQ replied for ${reply.queue} instead of ${queue}`);
        return reply.messageCount;
      };
      try {
        const [inFlight, deadInFlight] = await Promise.all([counts.total(tasks), counts.total(deadLetters)]);
        const [visible, dead, ...delayed] = await Promise.all([tasks, deadLetters, ...delayQueuesOf(tasks)].map(ready));
        return {
          visible: visible ?? 0,
          inFlight,
          delayed: delayed.reduce((sum, count) => sum + count, 0),
          deadLetters: (dead ?? 0) + deadInFlight,
        };
      } finally {
        await channel.close();
      }
    });
  }
}
