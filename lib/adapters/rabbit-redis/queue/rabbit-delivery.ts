import {
  type CarriedCounts,
  countsOfCopy,
  type Delivery,
  type RejectReason,
  type ReleaseOptions,
  type RetryOptions,
} from '#core';
import type { HeldMessage, LeasedChannel } from './leased-channel.ts';
import { copyHeaders, type MessageFacts, turnHeader } from './rabbit-message.ts';
import type { RabbitPublisher } from './rabbit-publisher.ts';
import { type ModelQueues, nearLaneOf } from './rabbit-topology.ts';

export interface RabbitDeliveryOptions extends MessageFacts {
  readonly body: Uint8Array;
  readonly deliveryTag: number;
  /** The queue that delivered it. */
  readonly lane: string;
  readonly turn: number;
  readonly source: 'tasks' | 'dead-letters';
  readonly queues: ModelQueues;
  readonly publisher: RabbitPublisher;
  readonly channel: LeasedChannel;
  readonly leaseMs: number;
  readonly onSettled: () => void;
}

/** A message that a consumer holds. */
export class RabbitDelivery implements Delivery, HeldMessage {
  readonly body: Uint8Array;
  readonly fence: number;
  readonly attempts: number;
  readonly losses: number;
  readonly isSuspect: boolean;
  readonly reason?: RejectReason;
  readonly deliveryTag: number;
  readonly turn: number;
  readonly #options: RabbitDeliveryOptions;
  #lease: AbortController | undefined;
  #isLost = false;
  #isSettled = false;
  #leaseEnd: NodeJS.Timeout | undefined;

  constructor(options: RabbitDeliveryOptions) {
    this.body = options.body;
    this.fence = options.fence;
    this.attempts = options.attempts;
    this.losses = options.losses;
    this.isSuspect = options.isSuspect;
    if (options.reason !== undefined) this.reason = options.reason;
    this.deliveryTag = options.deliveryTag;
    this.turn = options.turn;
    this.#options = options;
    options.channel.hold(this);
  }

  /** Created on first use, because most deliveries are settled without a listener. */
  get lease(): AbortSignal {
    this.#lease ??= new AbortController();
    if (this.#isLost) this.#lease.abort();
    return this.#lease.signal;
  }

  loseLease(): void {
    this.#isLost = true;
    this.#lease?.abort();
    this.#options.onSettled();
  }

  /** Whether the message returned to the queue, so that settling does nothing. */
  get isGone(): boolean {
    return this.#isLost || this.#options.channel.isLost;
  }

  /**
   * Returns a message that was not received, when turns up to `served` were. Resolves with false if RabbitMQ accepts none
   * now; it is still held then.
   */
  giveBackUnseen(served: number): Promise<boolean> {
    const lane = nearLaneOf(this.#options.queues, this.turn - served);
    return this.#settleOnce(() => this.#sendBack(countsOfCopy(this, { keepFence: true }), { lane })).then(
      () => true,
      () => false,
    );
  }

  ack(): Promise<void> {
    return this.#settle(async () => undefined);
  }

  retry(next: RetryOptions): Promise<void> {
    return this.#settle(() => this.#sendBack(countsOfCopy(this, next), next));
  }

  release(options: ReleaseOptions = {}): Promise<void> {
    return this.#settle(() => this.#sendBack(countsOfCopy(this, options), options));
  }

  reject(reason: RejectReason, attempts: number): Promise<void> {
    const { queues, publisher } = this.#options;
    const headers = copyHeaders({ fence: this.fence, attempts, losses: this.losses, isSuspect: false }, reason);
    return this.#settle(() => publisher.publish({ queue: queues.deadLetters, body: this.body, headers }));
  }

  async #sendBack(
    counts: CarriedCounts,
    { delaySeconds = 0, lane = this.#options.lane }: { delaySeconds?: number; lane?: string | undefined },
  ): Promise<void> {
    const { queues, publisher, source, turn } = this.#options;
    if (source === 'tasks') {
      const headers = { ...copyHeaders(counts), ...turnHeader(turn) };
      // The delay queues lead to the first lane.
      const queue = delaySeconds > 0 ? queues.tasks : lane;
      return publisher.publish({ queue, body: this.body, headers, delaySeconds });
    }
    // Deliveries of dead letters count nothing.
    const headers = copyHeaders(this, this.reason ?? UNKNOWN);
    if (delaySeconds > 0) await publisher.declareDelays(queues.deadLetters);
    await publisher.publish({ queue: queues.deadLetters, body: this.body, headers, delaySeconds });
  }

  async #settle(sendCopy: () => Promise<void>): Promise<void> {
    try {
      await this.#settleOnce(sendCopy);
    } catch (error) {
      this.#endLease();
      throw error;
    }
  }

  /** Sends the copy first, because a message twice is better than none. */
  async #settleOnce(sendCopy: () => Promise<void>): Promise<void> {
    if (this.#isLost || this.#isSettled) return;
    const { channel, onSettled } = this.#options;
    this.#isSettled = true;
    try {
      if (channel.isLost) await channel.flush();
      await sendCopy();
      if (this.#isLost) return;
      await channel.ack(this);
      onSettled();
    } catch (error) {
      this.#isSettled = false;
      throw error;
    }
  }

  /** After a failed settlement the caller may try again until the lease ends. The lease is not renewed. */
  #endLease(): void {
    const { channel, leaseMs } = this.#options;
    this.#leaseEnd ??= setTimeout(() => {
      this.#leaseEnd = undefined;
      if (!this.#isSettled) void channel.giveBack(this);
    }, leaseMs).unref();
  }
}

/** The reason of dead letters that the broker moved itself. */
const UNKNOWN: RejectReason = {
  code: 'attempts_exhausted',
  message: 'The broker gave it up after too many deliveries.',
};
