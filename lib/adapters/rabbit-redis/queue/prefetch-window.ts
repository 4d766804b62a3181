import type { AsyncMessage, Channel } from 'rabbitmq-client';

interface PrefetchWindowOptions {
  readonly channel: Channel;
  readonly queue: string;
  readonly onMessage: (message: AsyncMessage) => void;
}

/** A window that is opened again within this time was too small. */
const BUSY_MS = 50;
const MAX_SIZE = 64;

/**
 * Limits the unsettled messages of a channel to the number that was requested.
 *
 * RabbitMQ cannot change the prefetch count of a consumer, so a window of another size is another consumer on the same
 * channel. A quorum queue can deliver a message while its consumer is being canceled; the client never shows that
 * message, and it stays with the channel. Therefore a consumer is canceled while its window is full, because a full
 * window receives nothing.
 */
export class PrefetchWindow {
  readonly #options: PrefetchWindowOptions;
  /** Delivery tags of unsettled messages of the current consumer. */
  readonly #unsettled = new Set<number>();
  #consumerTag: string | undefined;
  #size = 0;
  #openedAt = Number.NEGATIVE_INFINITY;
  #lastStep: Promise<unknown> = Promise.resolve();

  constructor(options: PrefetchWindowOptions) {
    this.#options = options;
  }

  /** Requests about `wanted` more messages. They arrive through `onMessage`, or not at all while the queue is empty. */
  open(wanted: number): Promise<void> {
    return this.#inOrder(async () => {
      if (this.#consumerTag !== undefined && !this.#isFull) return;
      const isBusy = performance.now() - this.#openedAt < BUSY_MS;
      const size = isBusy ? Math.min(MAX_SIZE, Math.max(wanted, this.#size * 2)) : wanted;
      await this.#cancel();
      await this.#consume(size);
    });
  }

  /**
   * Resolves when no more messages arrive. False if the broker may have delivered a message that the client did not
   * show.
   */
  close(): Promise<boolean> {
    return this.#inOrder(async () => {
      const isClean = this.#consumerTag === undefined || this.#isFull;
      await this.#cancel();
      return isClean;
    });
  }

  /** Must be called before messages are settled. Without a pending request, no message may take their place. */
  async beforeSettling(deliveryTags: readonly number[], hasRequest: () => boolean): Promise<void> {
    await this.#inOrder(async () => {
      if (this.#isFull && deliveryTags.some((tag) => this.#unsettled.has(tag)) && !hasRequest()) await this.#cancel();
    });
    for (const tag of deliveryTags) this.#unsettled.delete(tag);
  }

  /** Resolves when the broker has processed everything that was sent on the channel before. */
  async flush(): Promise<void> {
    await this.#options.channel.basicQos({ prefetchCount: this.#size });
  }

  get #isFull(): boolean {
    return this.#unsettled.size >= this.#size;
  }

  async #consume(size: number): Promise<void> {
    const { channel, queue, onMessage } = this.#options;
    this.#size = size;
    this.#openedAt = performance.now();
    // Sent together, because the second does not depend on the response to the first.
    const [, { consumerTag }] = await Promise.all([
      channel.basicQos({ prefetchCount: size }),
      channel.basicConsume({ queue }, (message) => {
        this.#unsettled.add(message.deliveryTag);
        onMessage(message);
      }),
    ]);
    this.#consumerTag = consumerTag;
  }

  async #cancel(): Promise<void> {
    if (this.#consumerTag === undefined) return;
    const consumerTag = this.#consumerTag;
    this.#consumerTag = undefined;
    await this.#options.channel.basicCancel({ consumerTag });
    // The client emits messages that arrived earlier in the next turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    this.#unsettled.clear();
  }

  /** Runs one step at a time. A failure rejects only the call that requested the step. */
  #inOrder<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#lastStep.then(step);
    this.#lastStep = done.catch(() => undefined);
    return done;
  }
}
