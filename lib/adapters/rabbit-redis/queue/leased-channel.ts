import type { AsyncMessage, Channel } from 'rabbitmq-client';
import type { LeaseObserver } from '#core';
import { LaneWindows } from './lane-windows.ts';
import type { RabbitLink } from './rabbit-link.ts';

interface LeasedChannelOptions {
  readonly link: RabbitLink;
  readonly channel: Channel;
  /** The queues to receive from. */
  readonly lanes: readonly string[];
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  readonly observer: LeaseObserver | undefined;
  readonly onMessage: (message: AsyncMessage, lane: string) => void;
  /** Whether a receive is waiting for messages. */
  readonly hasRequest: () => boolean;
  /** The channel closed. Its messages cannot be settled any more. */
  readonly onLost: () => void;
}

/** Checks per lease; frequent enough to detect a frozen process. */
const CHECKS_PER_LEASE = 12;

/** A message of a channel that is not settled. */
export interface HeldMessage {
  readonly deliveryTag: number;
  loseLease(): void;
}

/**
 * A channel with a consumer, and its unsettled messages. The messages are leased as long as the connection sends
 * heartbeats. AMQP settles a message only on the channel that delivered it, so a new channel is a new object.
 */
export class LeasedChannel {
  readonly window: LaneWindows;
  readonly #options: LeasedChannelOptions;
  readonly #held = new Set<HeldMessage>();
  readonly #watch: NodeJS.Timeout;
  #checks = 0;
  #checkedAt = performance.now();
  #isLost = false;
  #isRetired = false;
  readonly #settledTags = new SettledTags();
  readonly #settled: HeldMessage[] = [];
  #acking: Promise<void> = Promise.resolve();
  #nextAcks: Promise<void> | undefined;

  constructor(options: LeasedChannelOptions) {
    this.#options = options;
    this.window = new LaneWindows(options);
    this.#watch = setInterval(() => this.#checkClock(), options.leaseMs / CHECKS_PER_LEASE).unref();
    options.channel.once('close', () => this.#onClose());
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  get heldCount(): number {
    return this.#held.size;
  }

  hold(message: HeldMessage): void {
    this.#held.add(message);
  }

  /**
   * Resolves when the broker has processed the acknowledgement. Rejects with `queue_unavailable` when the channel
   * closed. Acknowledgements that are requested while others are on their way are sent together.
   */
  ack(message: HeldMessage): Promise<void> {
    this.#settled.push(message);
    this.#nextAcks ??= this.#acking.then(() => {
      this.#nextAcks = undefined;
      const acks = this.#sendAcks(this.#settled.splice(0));
      this.#acking = acks.catch(() => undefined);
      return acks;
    });
    return this.#nextAcks;
  }

  /** Returns a message to the queue as at the end of its lease, without a copy. A later settlement does nothing. */
  async giveBack(message: HeldMessage): Promise<void> {
    if (this.#isLost || !this.#held.delete(message)) return;
    this.#lose(message);
    const { channel, hasRequest } = this.#options;
    const { deliveryTag } = message;
    try {
      await this.window.beforeSettling([deliveryTag], hasRequest);
      this.#settledTags.add([deliveryTag]);
      channel.basicNack({ deliveryTag, requeue: true });
      await this.#closeWhenRetired();
    } catch {
      // Recovery: the broker requeues all unsettled messages of a closed channel.
      await this.close();
    }
  }

  /** Closes the channel as soon as no message is held. Receives nothing until then. */
  async retire(): Promise<void> {
    this.#isRetired = true;
    await this.#closeWhenRetired();
  }

  /** Resolves when the broker has processed all settlements. Rejects with `queue_unavailable`. */
  flush(): Promise<void> {
    return this.#nextAcks ?? this.#acking.then(() => this.#confirm());
  }

  /** The broker requeues all held messages, as after a crash. */
  async close(): Promise<void> {
    await this.#options.channel.close();
  }

  async #sendAcks(messages: readonly HeldMessage[]): Promise<void> {
    const { channel, link, hasRequest } = this.#options;
    const tags = messages.map(({ deliveryTag }) => deliveryTag);
    try {
      await this.window.beforeSettling(tags, hasRequest);
      link.together();
      for (const ack of this.#settledTags.add(tags)) channel.basicAck(ack);
    } catch (error) {
      throw this.#failure(error);
    }
    for (const message of messages) this.#held.delete(message);
    await this.#confirm();
    await this.#closeWhenRetired();
  }

  async #closeWhenRetired(): Promise<void> {
    if (this.#isRetired && this.#held.size === 0) await this.close();
  }

  /** AMQP does not confirm acknowledgements. The response to a later request on the channel shows that they arrived. */
  async #confirm(): Promise<void> {
    try {
      await this.window.flush();
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** A channel that is closing refuses settlements before it reports that it has closed. */
  #failure(error: unknown): unknown {
    const { channel, link } = this.#options;
    return this.#isLost || !channel.active ? link.unreachable() : error;
  }

  /** Loses all leases after a freeze: a broker without heartbeats may have requeued the messages. */
  #checkClock(): void {
    const { leaseMs, link, observer } = this.#options;
    const silentMs = performance.now() - this.#checkedAt;
    this.#checkedAt = performance.now();
    if (silentMs > (leaseMs * 2) / 3) {
      this.#loseLeases();
      void this.close();
      return;
    }
    // Heartbeats of the connection renew all leases. Counted three times per lease, as on the other platforms.
    this.#checks += 1;
    if (this.#checks % (CHECKS_PER_LEASE / 3) > 0 || this.#held.size === 0 || !link.isUp) return;
    observer?.leasesRenewed(this.#held.size);
  }

  #onClose(): void {
    this.#isLost = true;
    clearInterval(this.#watch);
    const { link, leaseMs, heartbeatMs, onLost } = this.#options;
    onLost();
    // The broker closed only the channel, so it has requeued the messages already.
    if (link.isUp) {
      this.#loseLeases();
      return;
    }
    // The broker may not have heard from this process for two heartbeats.
    const leaseEnd = setTimeout(() => this.#loseLeases(), Math.max(leaseMs / 3, leaseMs - 2 * heartbeatMs));
    // Work continues during an outage. After it, the broker has requeued the messages.
    link.onceUpAgain(() => {
      clearTimeout(leaseEnd);
      this.#loseLeases();
    });
  }

  #loseLeases(): void {
    for (const message of this.#held) this.#lose(message);
    this.#held.clear();
  }

  #lose(message: HeldMessage): void {
    message.loseLease();
    this.#options.observer?.leaseLost();
  }
}

/** An acknowledgement of AMQP. */
export interface Acknowledgement {
  readonly deliveryTag: number;
  /** Covers all earlier deliveries of the channel too. */
  readonly multiple: boolean;
}

/**
 * Combines the settlements of a channel into few acknowledgements. One with `multiple` is sent only when every delivery
 * up to it is settled, so that it never covers a message that the client has not shown yet.
 */
export class SettledTags {
  /** All tags up to this one are settled. The first tag of a channel is 1. */
  #upTo = 0;
  readonly #beyond = new Set<number>();

  /** The acknowledgements for newly settled tags. */
  add(tags: readonly number[]): readonly Acknowledgement[] {
    for (const tag of tags) this.#beyond.add(tag);
    while (this.#beyond.delete(this.#upTo + 1)) this.#upTo += 1;
    const covered = tags.filter((tag) => tag <= this.#upTo);
    const apart = tags.filter((tag) => tag > this.#upTo);
    const acks = apart.map((deliveryTag) => ({ deliveryTag, multiple: false }));
    // The broker rejects tags that are settled already, so the highest new tag covers the others.
    if (covered.length > 0) acks.unshift({ deliveryTag: Math.max(...covered), multiple: covered.length > 1 });
    return acks;
  }
}
