import type { ConsumeOptions, QueueDepth, TaskConsumer, TaskQueue } from '#core';
import { translated } from '../errors.ts';
import { MessageTable, queuesOf } from './message-table.ts';
import { type QueueDeps, SqliteTaskConsumer } from './sqlite-task-consumer.ts';

/** The task queue of one model. Messages are delivered in the order of arrival. */
export class SqliteTaskQueue implements TaskQueue {
  readonly #deps: QueueDeps;
  readonly #model: string;
  readonly #messages: MessageTable;

  constructor(deps: QueueDeps, model: string) {
    this.#deps = deps;
    this.#model = model;
    this.#messages = new MessageTable(deps.database);
  }

  async send({ body }: { readonly body: Uint8Array }): Promise<void> {
    const { database, wakeUps } = this.#deps;
    const { tasks } = queuesOf(this.#model);
    await translated(
      'queue_unavailable',
      database.write(() => this.#messages.insert(tasks, body)),
    );
    wakeUps.tellArrival(tasks);
  }

  consume(options: ConsumeOptions): TaskConsumer {
    return new SqliteTaskConsumer(this.#deps, this.#model, options);
  }

  async depth(): Promise<QueueDepth> {
    const { database, clock } = this.#deps;
    const { tasks, deadLetters } = queuesOf(this.#model);
    const query = database.read(() => {
      const now = clock.now();
      const { available, held, delayed } = this.#messages.count(tasks, now);
      const dead = this.#messages.count(deadLetters, now);
      return {
        visible: available,
        inFlight: held,
        delayed,
        deadLetters: dead.available + dead.held + dead.delayed,
      };
    });
    return translated('queue_unavailable', query);
  }
}
