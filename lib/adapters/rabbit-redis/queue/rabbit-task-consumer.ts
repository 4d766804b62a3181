import type { AsyncMessage } from 'rabbitmq-client';
import { type ConsumeOptions, type Delivery, SHORT_PREFETCH_MS, type TaskConsumer } from '#core';
import { translated } from '../errors.ts';
import { type HeldCounts, HeldReporter } from './held-counts.ts';
import { LeasedChannel } from './leased-channel.ts';
import { RabbitDelivery } from './rabbit-delivery.ts';
import type { RabbitLink } from './rabbit-link.ts';
import { readDeadLetter, readTask, turnIn } from './rabbit-message.ts';
import type { RabbitPublisher } from './rabbit-publisher.ts';
import { lanesOf, type ModelQueues } from './rabbit-topology.ts';
import type { Turns } from './turns.ts';

export interface RabbitTaskConsumerOptions extends ConsumeOptions {
  readonly source: 'tasks' | 'dead-letters';
  readonly link: RabbitLink;
  readonly heartbeatSeconds: number;
  readonly publisher: RabbitPublisher;
  readonly queues: ModelQueues;
  readonly counts: HeldCounts;
  readonly turns?: Turns;
  /** How long an empty receive waits. */
  readonly pollMs: number;
}

/** Return prefetched messages that were not received within this time. */
const UNRECEIVED_MS = 100;
/** How long the lanes are compared after a message of another lane than the first, or one that was given back. */
const COMPARED_MS = 1000;

/**
 * Receives from one queue on request. The prefetch windows of its lanes follow the requested number. Of the prefetched
 * messages, those with the lowest turns are received first.
 */
export class RabbitTaskConsumer implements TaskConsumer {
  readonly prefetchMs = SHORT_PREFETCH_MS;
  readonly #options: RabbitTaskConsumerOptions;
  readonly #queue: string;
  readonly #lanes: readonly string[];
  readonly #reporter: HeldReporter;
  #comparedUntil = 0;
  /** The highest turn that was received. */
  #served = 0;
  /** Until then, receives come too seldom to fetch ahead of them. */
  #slowUntil = 0;
  /** Prefetched messages that were not received yet, the lowest turn first. */
  #prefetched: RabbitDelivery[] = [];
  #channel: LeasedChannel | undefined;
  /** Earlier channels with unsettled messages. */
  readonly #retired = new Set<LeasedChannel>();
  #receiving: Promise<unknown> | undefined;
  #stopping: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;
  #returnTimer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: RabbitTaskConsumerOptions) {
    this.#options = options;
    this.#queue = options.source === 'tasks' ? options.queues.tasks : options.queues.deadLetters;
    this.#lanes = options.source === 'tasks' ? lanesOf(options.queues) : [this.#queue];
    this.#reporter = new HeldReporter(options.counts, this.#queue, () => this.#heldCount);
    options.signal.addEventListener('abort', () => {
      this.#wake();
      if (!this.#receiving) void this.#stopReceiving();
    });
  }

  receive(max: number): Promise<readonly Delivery[]> {
    const receiving = this.#receive(max).finally(() => {
      this.#receiving = undefined;
      if (this.#prefetched.length > 0) this.#returnLater();
    });
    this.#receiving = receiving.catch(() => undefined);
    return receiving;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #receive(max: number): Promise<readonly Delivery[]> {
    clearTimeout(this.#returnTimer);
    // A window that opens on a channel that is given up would lose its messages.
    await this.#stopping;
    const { signal } = this.#options;
    if (signal.aborted || this.#closing) return [];
    if (this.#prefetched.length === 0) {
      await translated('queue_unavailable', () => this.#openWindows(max));
      await this.#arrival();
      // The first messages of other lanes come with it, or before an answer to what is sent now.
      if (this.#comparesLanes) await this.#channel?.window.flush().catch(() => undefined);
    } else if (this.#comparesLanes) void this.#openWindows(max).catch(() => undefined);
    if (!signal.aborted) return this.#take(max);
    await this.#stopReceiving();
    return [];
  }

  get #comparesLanes(): boolean {
    return performance.now() < this.#comparedUntil;
  }

  async #openWindows(wanted: number): Promise<void> {
    const { window } = await this.#open();
    await window.open(wanted, this.#comparesLanes && performance.now() > this.#slowUntil ? 1 : 0);
  }

  #take(max: number): readonly RabbitDelivery[] {
    const taken = this.#prefetched.splice(0, max);
    const turn = taken.at(-1)?.turn ?? 0;
    if (turn > 0) this.#options.turns?.serve(this.#queue, turn);
    this.#served = Math.max(this.#served, turn);
    return taken;
  }

  /** Resolves with the first message, at the end of the poll time or on abort. Rejects when the channel closed. */
  async #arrival(): Promise<void> {
    if (this.#prefetched.length > 0 || this.#options.signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, this.#options.pollMs);
    await promise;
    clearTimeout(timer);
    if (this.#channel?.isLost) throw this.#options.link.unreachable();
  }

  async #open(): Promise<LeasedChannel> {
    if (this.#channel && !this.#channel.isLost) return this.#channel;
    const { link, publisher, queues, leaseSeconds, heartbeatSeconds, observer } = this.#options;
    await publisher.declare(queues);
    const channel: LeasedChannel = new LeasedChannel({
      link,
      channel: await link.channel(),
      lanes: this.#lanes,
      leaseMs: leaseSeconds * 1000,
      heartbeatMs: heartbeatSeconds * 1000,
      observer,
      onMessage: (message, lane) => this.#keep(channel, message, lane),
      hasRequest: () => this.#receiving !== undefined && !this.#options.signal.aborted,
      onLost: () => this.#forget(channel),
    });
    this.#channel = channel;
    return channel;
  }

  get #heldCount(): number {
    return [this.#channel, ...this.#retired].reduce((sum, channel) => sum + (channel?.heldCount ?? 0), 0);
  }

  #forget(channel: LeasedChannel): void {
    this.#retired.delete(channel);
    this.#reporter.changed();
    this.#prefetched = this.#prefetched.filter((delivery) => !delivery.isGone);
    if (this.#channel === channel) this.#wake();
  }

  #keep(channel: LeasedChannel, message: AsyncMessage, lane: string): void {
    const { source, queues, publisher, leaseSeconds } = this.#options;
    const delivery = new RabbitDelivery({
      ...(source === 'tasks' ? readTask(message) : readDeadLetter(message)),
      body: message.body,
      deliveryTag: message.deliveryTag,
      lane,
      turn: turnIn(message),
      source,
      queues,
      publisher,
      channel,
      leaseMs: leaseSeconds * 1000,
      onSettled: () => this.#reporter.changed(),
    });
    const later = this.#prefetched.findLastIndex(({ turn }) => turn <= delivery.turn);
    this.#prefetched.splice(later + 1, 0, delivery);
    if (lane !== this.#queue) this.#comparedUntil = performance.now() + COMPARED_MS;
    this.#reporter.changed();
    if (this.#receiving) this.#wake();
    else this.#returnLater();
  }

  #returnLater(): void {
    clearTimeout(this.#returnTimer);
    this.#returnTimer = setTimeout(() => !this.#receiving && void this.#stopReceiving(), UNRECEIVED_MS);
  }

  /** Closes the prefetch windows and returns prefetched messages. */
  #stopReceiving(): Promise<void> {
    this.#stopping = this.#stopping.then(() => this.#stop());
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const channel = this.#channel;
    if (!channel || channel.isLost) return this.#giveBack();
    try {
      const isClean = await channel.window.close();
      await this.#giveBack();
      if (isClean) return;
      this.#channel = undefined;
      this.#retired.add(channel);
      await channel.retire();
    } catch {
      // Recovery: the broker requeues all unsettled messages of a closed channel.
      if (!channel.isLost) await channel.close();
    }
  }

  /** Messages stay for the next receive while RabbitMQ accepts none back. */
  async #giveBack(): Promise<void> {
    const returned = this.#prefetched.splice(0);
    if (returned.length > 0) this.#slowUntil = this.#comparedUntil = performance.now() + COMPARED_MS;
    const given = await Promise.all(returned.map((delivery) => delivery.giveBackUnseen(this.#served)));
    this.#prefetched.unshift(...returned.filter((delivery, i) => !given[i] && !delivery.isGone));
    if (this.#prefetched.length === 0 || this.#closing) return;
    if (this.#receiving) this.#wake();
    else this.#returnLater();
  }

  async #close(): Promise<void> {
    this.#wake();
    await this.#receiving;
    clearTimeout(this.#returnTimer);
    await this.#stopReceiving();
    for (const channel of [...this.#retired, ...(this.#channel ? [this.#channel] : [])]) await this.#end(channel);
    await this.#reporter.close();
  }

  async #end(channel: LeasedChannel): Promise<void> {
    if (channel.isLost) return;
    await channel.flush().catch(() => undefined);
    if (channel.heldCount === 0) return channel.close();
    // Messages that could not be settled return to the queue when their leases end, as after a crash.
    setTimeout(() => void channel.close(), this.#options.leaseSeconds * 1000).unref();
  }
}
