import type {
  ConsumeOptions,
  Priority,
  QueueDepth,
  QueuedMessage,
  TaskConsumer,
  TaskQueue,
  TurnReservation,
} from '#core';
import { translated } from '../errors.ts';
import type { HeldCounts } from './held-counts.ts';
import type { RabbitConnections } from './rabbit-connections.ts';
import { turnHeader } from './rabbit-message.ts';
import { RabbitTaskConsumer } from './rabbit-task-consumer.ts';
import { delayQueuesOf, lanesOf, type ModelQueues, queuesOf } from './rabbit-topology.ts';
import { NO_TURN, type Turns } from './turns.ts';

export interface RabbitTaskQueueOptions {
  readonly connections: RabbitConnections;
  readonly counts: HeldCounts;
  /** @default first come, first served */
  readonly turns?: Turns;
  /** Prefix of all queue names. */
  readonly prefix: string;
  readonly model: string;
  /** Time limit of an empty receive, in milliseconds. */
  readonly pollMs: number;
}

/** Tasks in quorum queues, one per lane, which are declared on first use. */
export class RabbitTaskQueue implements TaskQueue {
  readonly #options: RabbitTaskQueueOptions;
  readonly #queues: ModelQueues;

  constructor(options: RabbitTaskQueueOptions) {
    this.#options = options;
    this.#queues = queuesOf(options.prefix, options.model);
  }

  async send({ body, group, priority, reservation }: QueuedMessage): Promise<void> {
    const { publisher } = this.#options.connections;
    const [{ turn, lane }] = await Promise.all([
      reservation ?? this.reserve(group, priority),
      publisher.declare(this.#queues),
    ]);
    const queue = lanesOf(this.#queues)[lane] ?? this.#queues.tasks;
    await publisher.publish({ queue, body, headers: turnHeader(turn) });
  }

  reserve(group: string, priority?: Priority): Promise<TurnReservation> {
    return this.#options.turns?.take(this.#queues.tasks, group, priority) ?? Promise.resolve(NO_TURN);
  }

  consume({ source = 'tasks', ...options }: ConsumeOptions): TaskConsumer {
    const { connections, counts, turns, pollMs } = this.#options;
    return new RabbitTaskConsumer({
      ...options,
      ...connections.consuming(options.leaseSeconds),
      publisher: connections.publisher,
      queues: this.#queues,
      counts,
      ...(turns ? { turns } : {}),
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
        const sum = async (queues: readonly string[]): Promise<number> =>
          (await Promise.all(queues.map(ready))).reduce((total, count) => total + count, 0);
        const [visible, delayed, dead] = await Promise.all([
          sum(lanesOf(this.#queues)),
          sum(delayQueuesOf(tasks)),
          ready(deadLetters),
        ]);
        return {
          visible,
          inFlight,
          delayed,
          deadLetters: dead + deadInFlight,
        };
      } finally {
        await channel.close();
      }
    });
  }
}
