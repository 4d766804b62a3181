import { setImmediate as nextTurn } from 'node:timers/promises';
import { AMQPError, type Channel } from 'rabbitmq-client';
import { ModelyardError } from '#core';
import { away, translated } from '../errors.ts';
import type { RabbitLink } from './rabbit-link.ts';
import type { Headers } from './rabbit-message.ts';
import { declareDelayQueues, declareQueues, delayQueueFor, type ModelQueues } from './rabbit-topology.ts';

export interface Publication {
  readonly queue: string;
  readonly body: Uint8Array;
  readonly headers?: Headers;
  /** @default 0 */
  readonly delaySeconds?: number;
}

/** Publishes messages with publisher confirms and declares the queues. */
export class RabbitPublisher {
  readonly #link: RabbitLink;
  readonly #declared = new Map<string, Promise<void>>();
  readonly #returned = new Set<string>();
  #opening: Promise<Channel> | undefined;
  #channel: Channel | undefined;
  #sent = 0;
  #turn: Promise<void> | undefined;

  constructor(link: RabbitLink) {
    this.#link = link;
  }

  /** Declares the queues of a model, once per connection. */
  declare(queues: ModelQueues): Promise<void> {
    return this.#declareOnce(queues.tasks, (channel) => declareQueues(channel, queues));
  }

  /** Declares the delay queues of `queue`, once per connection. */
  declareDelays(queue: string): Promise<void> {
    return this.#declareOnce(`delays of ${queue}`, (channel) => declareDelayQueues(channel, queue));
  }

  /** Resolves when the broker has responded and accepts messages. Rejects with `queue_unavailable`. */
  check(): Promise<void> {
    return translated('queue_unavailable', async () => {
      this.#refuseWhenBlocked();
      // A repeated `confirm.select` changes nothing, but the broker responds to it.
      await (await this.#open()).confirmSelect();
    });
  }

  /** Resolves when the broker has stored the message. Rejects with `queue_unavailable`. */
  publish({ queue, body, headers, delaySeconds = 0 }: Publication): Promise<void> {
    return translated('queue_unavailable', async () => {
      this.#refuseWhenBlocked();
      const channel = await this.#open();
      this.#sent += 1;
      const messageId = String(this.#sent);
      this.#link.together();
      const confirmed = channel.basicPublish(
        {
          routingKey: delaySeconds > 0 ? delayQueueFor(queue, delaySeconds) : queue,
          durable: true,
          // Without it, a message to a deleted queue would be confirmed and dropped.
          mandatory: true,
          messageId,
          ...(headers ? { headers } : {}),
          ...(delaySeconds > 0 ? { expiration: String(Math.ceil(delaySeconds * 1000)) } : {}),
        },
        Buffer.from(body.buffer, body.byteOffset, body.byteLength),
      );
      await confirmed;
      // The broker returns a message before it confirms it, but the client emits the return one turn of the event loop
      // later.
      this.#turn ??= nextTurn().finally(() => {
        this.#turn = undefined;
      });
      await this.#turn;
      if (this.#returned.delete(messageId)) throw this.#gone(queue);
    });
  }

  #refuseWhenBlocked(): void {
    const { blockedBecause } = this.#link;
    if (blockedBecause === undefined) return;
    throw away('queue_unavailable', blockedBecause, 'RabbitMQ is short of memory or disk and accepts no messages.');
  }

  #declareOnce(what: string, declare: (channel: Channel) => Promise<void>): Promise<void> {
    const declared = this.#declared.get(what) ?? this.#declare(what, declare);
    this.#declared.set(what, declared);
    return declared;
  }

  async #declare(what: string, declare: (channel: Channel) => Promise<void>): Promise<void> {
    try {
      await translated('queue_unavailable', async () => {
        const channel = await this.#link.channel();
        await declare(channel).catch(explainConflict);
        await channel.close();
      });
    } catch (error) {
      this.#declared.delete(what);
      throw error;
    }
  }

  async #open(): Promise<Channel> {
    if (this.#channel?.active) return this.#channel;
    this.#opening ??= this.#openChannel().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #openChannel(): Promise<Channel> {
    const channel = await this.#link.channel();
    channel.on('basic.return', ({ messageId }) => this.#returned.add(String(messageId)));
    await channel.confirmSelect();
    this.#channel = channel;
    return channel;
  }

  #gone(queue: string) {
    this.#declared.clear();
    return away('queue_unavailable', new Error(`There is no queue ${queue}.`));
  }
}

/** An existing queue keeps its arguments, so a retry cannot succeed. */
function explainConflict(error: unknown): never {
  if (!(error instanceof AMQPError && error.code === 'PRECONDITION_FAILED')) throw error;
  const message =
    'RabbitMQ has queues of this model with the arguments of another version. Delete them when they are empty; they will be declared again.';
  throw new ModelyardError('queue_unavailable', message, { cause: error });
}
