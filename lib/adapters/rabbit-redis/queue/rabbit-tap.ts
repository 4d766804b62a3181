import type { AsyncMessage, Channel } from 'rabbitmq-client';

interface TapOptions {
  readonly channel: Channel;
  readonly queue: string;
  readonly onMessage: (message: AsyncMessage) => void;
}

/** Opened again this soon, a tap was too narrow. */
const BUSY_MS = 50;
const MAX_WIDTH = 64;

/**
 * Lets messages of a queue flow in, no more than were asked for and are not settled yet. A consumer's
 * prefetch cannot be changed, so a tap of another width is another consumer on the same channel.
 *
 * A quorum queue that hands over a message while its consumer is being cancelled leaves that message with
 * the channel, unseen, until the channel ends. So a tap is closed while it is full, when nothing can flow.
 */
export class RabbitTap {
  readonly #options: TapOptions;
  /** Delivery tags that came through the open consumer and are not settled. */
  readonly #flowing = new Set<number>();
  #consumerTag: string | undefined;
  #width = 0;
  #openedAt = Number.NEGATIVE_INFINITY;
  #turning: Promise<unknown> = Promise.resolve();

  constructor(options: TapOptions) {
    this.#options = options;
  }

  /** Lets in about `wanted` more messages; none may come for as long as there are none. */
  open(wanted: number): Promise<void> {
    return this.#turn(async () => {
      if (this.#consumerTag !== undefined && !this.#isFull) return;
      const isBusy = performance.now() - this.#openedAt < BUSY_MS;
      const width = isBusy ? Math.min(MAX_WIDTH, Math.max(wanted, this.#width * 2)) : wanted;
      await this.#stop();
      await this.#start(width);
    });
  }

  /** Resolves when nothing more will come in; with false when something may have been left with the channel, unseen. */
  close(): Promise<boolean> {
    return this.#turn(async () => {
      const isClean = this.#consumerTag === undefined || this.#isFull;
      await this.#stop();
      return isClean;
    });
  }

  /** To be called before messages are settled: nothing shall flow in their place when nobody asks for it. */
  async makeWay(deliveryTags: readonly number[], isAskedFor: () => boolean): Promise<void> {
    await this.#turn(async () => {
      if (this.#isFull && deliveryTags.some((tag) => this.#flowing.has(tag)) && !isAskedFor()) await this.#stop();
    });
    for (const tag of deliveryTags) this.#flowing.delete(tag);
  }

  /** Resolves when the broker has heard everything that was sent to it on the channel so far. */
  async flush(): Promise<void> {
    await this.#options.channel.basicQos({ prefetchCount: this.#width });
  }

  get #isFull(): boolean {
    return this.#flowing.size >= this.#width;
  }

  async #start(width: number): Promise<void> {
    const { channel, queue, onMessage } = this.#options;
    this.#width = width;
    this.#openedAt = performance.now();
    // Sent together: the answer to the first is nothing to wait for.
    const [, { consumerTag }] = await Promise.all([
      channel.basicQos({ prefetchCount: width }),
      channel.basicConsume({ queue }, (message) => {
        this.#flowing.add(message.deliveryTag);
        onMessage(message);
      }),
    ]);
    this.#consumerTag = consumerTag;
  }

  async #stop(): Promise<void> {
    if (this.#consumerTag === undefined) return;
    const consumerTag = this.#consumerTag;
    this.#consumerTag = undefined;
    await this.#options.channel.basicCancel({ consumerTag });
    // What came in before is handed over by the client a turn of the event loop later.
    await new Promise((resolve) => setImmediate(resolve));
    this.#flowing.clear();
  }

  /** One after the other; a failure is whoever's who asked. */
  #turn<T>(action: () => Promise<T>): Promise<T> {
    const turned = this.#turning.then(action);
    this.#turning = turned.catch(() => undefined);
    return turned;
  }
}
