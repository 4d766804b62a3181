import type { AsyncMessage } from 'rabbitmq-client';
import type { ConsumeOptions, Delivery, TaskConsumer } from '#core';
import { translated } from '../errors.ts';
import { type HeldCounts, HeldReporter } from './held-counts.ts';
import { LeasedChannel } from './leased-channel.ts';
import { RabbitDelivery } from './rabbit-delivery.ts';
import type { RabbitLink } from './rabbit-link.ts';
import { readDeadLetter, readTask } from './rabbit-message.ts';
import type { RabbitPublisher } from './rabbit-publisher.ts';
import type { ModelQueues } from './rabbit-topology.ts';

export interface RabbitTaskConsumerOptions extends ConsumeOptions {
  readonly source: 'tasks' | 'dead-letters';
  readonly link: RabbitLink;
  readonly heartbeatSeconds: number;
  readonly publisher: RabbitPublisher;
  readonly queues: ModelQueues;
  readonly counts: HeldCounts;
  /** How long an empty receive waits. */
  readonly pollMs: number;
}

/** Return prefetched messages that were not received within this time. */
const UNRECEIVED_MS = 100;

/** Receives from one queue on request. The prefetch window of the consumer follows the requested number. */
export class RabbitTaskConsumer implements TaskConsumer {
  readonly #options: RabbitTaskConsumerOptions;
  readonly #queue: string;
  readonly #reporter: HeldReporter;
  /** Prefetched messages that were not received yet. */
  #prefetched: RabbitDelivery[] = [];
  #channel: LeasedChannel | undefined;
  /** Earlier channels with unsettled messages. */
  readonly #retired = new Set<LeasedChannel>();
  #receiving: Promise<unknown> | undefined;
  #wake: () => void = () => undefined;
  #returnTimer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: RabbitTaskConsumerOptions) {
    this.#options = options;
    this.#queue = options.source === 'tasks' ? options.queues.tasks : options.queues.deadLetters;
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
    const { signal } = this.#options;
    if (signal.aborted || this.#closing) return [];
    if (this.#prefetched.length === 0) {
      await translated('queue_unavailable', async () => (await this.#open()).window.open(max));
      await this.#arrival();
    }
    if (!signal.aborted) return this.#prefetched.splice(0, max);
    await this.#stopReceiving();
    return [];
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
      queue: this.#queue,
      leaseMs: leaseSeconds * 1000,
      heartbeatMs: heartbeatSeconds * 1000,
      observer,
      onMessage: (message) => this.#take(channel, message),
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

  #take(channel: LeasedChannel, message: AsyncMessage): void {
    const { source, queues, publisher, leaseSeconds } = this.#options;
    const delivery = new RabbitDelivery({
      ...(source === 'tasks' ? readTask(message) : readDeadLetter(message)),
      body: message.body,
      deliveryTag: message.deliveryTag,
      source,
      queues,
      publisher,
      channel,
      leaseMs: leaseSeconds * 1000,
      onSettled: () => this.#reporter.changed(),
    });
    this.#prefetched.push(delivery);
    this.#reporter.changed();
    if (this.#receiving) this.#wake();
    else this.#returnLater();
  }

  #returnLater(): void {
    clearTimeout(this.#returnTimer);
    this.#returnTimer = setTimeout(() => !this.#receiving && void this.#stopReceiving(), UNRECEIVED_MS);
  }

  /** Closes the prefetch window and returns prefetched messages. */
  async #stopReceiving(): Promise<void> {
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
    const given = await Promise.all(returned.map((delivery) => delivery.giveBackUnseen()));
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
