import type { AsyncMessage, Channel } from 'rabbitmq-client';
import type { LeaseObserver } from '#core';
import type { RabbitLink } from './rabbit-link.ts';
import { RabbitTap } from './rabbit-tap.ts';

interface RabbitSessionOptions {
  readonly link: RabbitLink;
  readonly channel: Channel;
  readonly queue: string;
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  readonly observer: LeaseObserver | undefined;
  readonly onMessage: (message: AsyncMessage) => void;
  /** Whether somebody waits for a message at the moment. */
  readonly isAsking: () => boolean;
  /** The channel is gone, and with it everything that came through it. */
  readonly onLost: () => void;
}

/** So often that it is the first thing to happen in a process that was frozen. */
const LOOKS_PER_LEASE = 12;

/** A message that came through a session and is not settled. */
export interface HeldMessage {
  readonly deliveryTag: number;
  loseLease(): void;
}

/** One life of a consumer's channel: what came through it can only be settled through it. */
export class RabbitSession {
  readonly tap: RabbitTap;
  readonly #options: RabbitSessionOptions;
  readonly #held = new Set<HeldMessage>();
  readonly #watch: NodeJS.Timeout;
  #looks = 0;
  #lookedAt = performance.now();
  #isLost = false;
  #isRetired = false;
  readonly #settledTags = new SettledTags();
  readonly #settled: HeldMessage[] = [];
  #acking: Promise<void> = Promise.resolve();
  #nextAcks: Promise<void> | undefined;

  constructor(options: RabbitSessionOptions) {
    this.#options = options;
    this.tap = new RabbitTap(options);
    this.#watch = setInterval(() => this.#look(), options.leaseMs / LOOKS_PER_LEASE).unref();
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
   * Resolves when the broker has heard of it. Rejects with `queue_unavailable` when the channel is gone. What is
   * settled while the broker has not heard of those before travels together.
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

  /** Back to the queue as when its lease ends, without a word from the publisher; what is settled meanwhile is too late. */
  async giveBack(message: HeldMessage): Promise<void> {
    if (this.#isLost || !this.#held.delete(message)) return;
    this.#lose(message);
    const { channel, isAsking } = this.#options;
    const { deliveryTag } = message;
    try {
      await this.tap.makeWay([deliveryTag], isAsking);
      this.#settledTags.add([deliveryTag]);
      channel.basicNack({ deliveryTag, requeue: true });
      await this.#closeWhenRetired();
    } catch {
      // Recovery: with the channel everything that came through it goes back by itself.
      await this.close();
    }
  }

  /** Takes nothing more in, and gives the broker what is not held as soon as nothing is held any more. */
  async retire(): Promise<void> {
    this.#isRetired = true;
    await this.#closeWhenRetired();
  }

  /** Resolves when the broker has heard of everything that was settled. Rejects with `queue_unavailable`. */
  flush(): Promise<void> {
    return this.#nextAcks ?? this.#acking.then(() => this.#ask());
  }

  /** Gives everything that is held back to the broker, as after a crash. */
  async close(): Promise<void> {
    await this.#options.channel.close();
  }

  async #sendAcks(messages: readonly HeldMessage[]): Promise<void> {
    const { channel, link, isAsking } = this.#options;
    const tags = messages.map(({ deliveryTag }) => deliveryTag);
    try {
      await this.tap.makeWay(tags, isAsking);
      link.together();
      for (const ack of this.#settledTags.add(tags)) channel.basicAck(ack);
    } catch (error) {
      throw this.#isLost ? link.unreachable() : error;
    }
    for (const message of messages) this.#held.delete(message);
    await this.#ask();
    await this.#closeWhenRetired();
  }

  async #closeWhenRetired(): Promise<void> {
    if (this.#isRetired && this.#held.size === 0) await this.close();
  }

  /** AMQP confirms no acknowledgement; but once a question that was asked after it is answered, it was heard. */
  async #ask(): Promise<void> {
    try {
      await this.tap.flush();
    } catch (error) {
      if (!this.#isLost) throw error;
      throw this.#options.link.unreachable();
    }
  }

  /** The broker hears from a process that runs; whoever was frozen for long may have been given up. */
  #look(): void {
    const { leaseMs, link, observer } = this.#options;
    const silentMs = performance.now() - this.#lookedAt;
    this.#lookedAt = performance.now();
    if (silentMs > (leaseMs * 2) / 3) {
      this.#loseLeases();
      void this.close();
      return;
    }
    // Every heartbeat of the connection renews all leases; they are counted as often as elsewhere.
    this.#looks += 1;
    if (this.#looks % (LOOKS_PER_LEASE / 3) > 0 || this.#held.size === 0 || !link.isUp) return;
    observer?.leasesRenewed(this.#held.size);
  }

  #onClose(): void {
    this.#isLost = true;
    clearInterval(this.#watch);
    const { link, leaseMs, heartbeatMs, onLost } = this.#options;
    onLost();
    // The broker has closed the channel alone: it has given everything away already.
    if (link.isUp) {
      this.#loseLeases();
      return;
    }
    // It was last heard of up to two heartbeats ago.
    const leaseEnd = setTimeout(() => this.#loseLeases(), Math.max(leaseMs / 3, leaseMs - 2 * heartbeatMs));
    // Work goes on while nobody can be reached; who is back has lost what the broker had to give away.
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

/** One acknowledgement as AMQP knows it. */
export interface Acknowledgement {
  readonly deliveryTag: number;
  /** Stands for everything that came before it as well. */
  readonly multiple: boolean;
}

/**
 * Says what was settled on one channel in as few acknowledgements as possible. One that stands for several is sent
 * only when every delivery up to it was seen and settled: a message that the broker has handed out and nobody has seen
 * must never be among them.
 */
export class SettledTags {
  /** Every tag up to this one is settled; the first of a channel is 1. */
  #upTo = 0;
  readonly #beyond = new Set<number>();

  /** Tags that are settled now, each told once. */
  add(tags: readonly number[]): readonly Acknowledgement[] {
    for (const tag of tags) this.#beyond.add(tag);
    while (this.#beyond.delete(this.#upTo + 1)) this.#upTo += 1;
    const covered = tags.filter((tag) => tag <= this.#upTo);
    const apart = tags.filter((tag) => tag > this.#upTo);
    const acks = apart.map((deliveryTag) => ({ deliveryTag, multiple: false }));
    // The broker knows only tags that are still open, so the last of these has to stand for all of them.
    if (covered.length > 0) acks.unshift({ deliveryTag: Math.max(...covered), multiple: covered.length > 1 });
    return acks;
  }
}
