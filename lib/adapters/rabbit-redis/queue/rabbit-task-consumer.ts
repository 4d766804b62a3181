import type { AsyncMessage } from 'rabbitmq-client';
import type { ConsumeOptions, Delivery, TaskConsumer } from '#core';
import { translated } from '../errors.ts';
import { type HeldCounts, HeldReporter } from './held-counts.ts';

import { RabbitDelivery } from './rabbit-delivery.ts';
import type { RabbitLink } from './rabbit-link.ts';
import { readDeadLetter, readTask } from './rabbit-message.ts';
import type { RabbitPublisher } from './rabbit-publisher.ts';
import { RabbitSession } from './rabbit-session.ts';
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

/** What came in and is not asked for within this is somebody else's. */
const HOARD_MS = 100;

/** One receiver of one RabbitMQ queue: a pull over a consumer whose prefetch follows what is asked for. */
export class RabbitTaskConsumer implements TaskConsumer {
  readonly #options: RabbitTaskConsumerOptions;
  readonly #queue: string;
  readonly #reporter: HeldReporter;
  /** Came in, and nobody has asked for it yet. */
  #waiting: RabbitDelivery[] = [];
  #session: RabbitSession | undefined;
  /** Those before it whose messages are not all settled. */
  readonly #retired = new Set<RabbitSession>();
  #receiving: Promise<unknown> | undefined;
  #wake: () => void = () => undefined;
  #hoarding: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: RabbitTaskConsumerOptions) {
    this.#options = options;
    this.#queue = options.source === 'tasks' ? options.queues.tasks : options.queues.deadLetters;
    this.#reporter = new HeldReporter(options.counts, this.#queue, () => this.#heldCount);
    options.signal.addEventListener('abort', () => {
      this.#wake();
      if (!this.#receiving) void this.#rest();
    });
  }

  receive(max: number): Promise<readonly Delivery[]> {
    const receiving = this.#receive(max).finally(() => {
      this.#receiving = undefined;
      if (this.#waiting.length > 0) this.#watchHoard();
    });
    this.#receiving = receiving.catch(() => undefined);
    return receiving;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #receive(max: number): Promise<readonly Delivery[]> {
    clearTimeout(this.#hoarding);
    const { signal } = this.#options;
    if (signal.aborted || this.#closing) return [];
    if (this.#waiting.length === 0) {
      await translated('queue_unavailable', async () => (await this.#open()).tap.open(max));
      await this.#arrival();
    }
    if (!signal.aborted) return this.#waiting.splice(0, max);
    await this.#rest();
    return [];
  }

  /** Resolves when something is there, or the poll time has passed, or nobody wants it; rejects when the channel is gone. */
  async #arrival(): Promise<void> {
    if (this.#waiting.length > 0 || this.#options.signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, this.#options.pollMs);
    await promise;
    clearTimeout(timer);
    if (this.#session?.isLost) throw this.#options.link.unreachable();
  }

  async #open(): Promise<RabbitSession> {
    if (this.#session && !this.#session.isLost) return this.#session;
    const { link, publisher, queues, leaseSeconds, heartbeatSeconds, observer } = this.#options;
    await publisher.declare(queues);
    const session: RabbitSession = new RabbitSession({
      link,
      channel: await link.channel(),
      queue: this.#queue,
      leaseMs: leaseSeconds * 1000,
      heartbeatMs: heartbeatSeconds * 1000,
      observer,
      onMessage: (message) => this.#take(session, message),
      isAsking: () => this.#receiving !== undefined && !this.#options.signal.aborted,
      onLost: () => this.#forget(session),
    });
    this.#session = session;
    return session;
  }

  get #heldCount(): number {
    return [this.#session, ...this.#retired].reduce((sum, session) => sum + (session?.heldCount ?? 0), 0);
  }

  #forget(session: RabbitSession): void {
    this.#retired.delete(session);
    this.#reporter.changed();
    this.#waiting = this.#waiting.filter((delivery) => !delivery.isGone);
    if (this.#session === session) this.#wake();
  }

  #take(session: RabbitSession, message: AsyncMessage): void {
    const { source, queues, publisher, leaseSeconds } = this.#options;
    const delivery = new RabbitDelivery({
      ...(source === 'tasks' ? readTask(message) : readDeadLetter(message)),
      body: message.body,
      deliveryTag: message.deliveryTag,
      source,
      queues,
      publisher,
      session,
      leaseMs: leaseSeconds * 1000,
      onSettled: () => this.#reporter.changed(),
    });
    this.#waiting.push(delivery);
    this.#reporter.changed();
    if (this.#receiving) this.#wake();
    else this.#watchHoard();
  }

  #watchHoard(): void {
    clearTimeout(this.#hoarding);
    this.#hoarding = setTimeout(() => !this.#receiving && void this.#rest(), HOARD_MS);
  }

  /** Lets nothing more in, and gives back what nobody has asked for. */
  async #rest(): Promise<void> {
    const session = this.#session;
    if (!session || session.isLost) return this.#giveBack();
    try {
      const isClean = await session.tap.close();
      await this.#giveBack();
      if (isClean) return;
      this.#session = undefined;
      this.#retired.add(session);
      await session.retire();
    } catch {
      // Recovery: with the channel everything that came through it goes back by itself.
      if (!session.isLost) await session.close();
    }
  }

  /** What cannot be given back, because RabbitMQ takes no messages, stays for whoever asks next. */
  async #giveBack(): Promise<void> {
    const waiting = this.#waiting.splice(0);
    const given = await Promise.all(waiting.map((delivery) => delivery.giveBackUnseen()));
    this.#waiting.unshift(...waiting.filter((delivery, i) => !given[i] && !delivery.isGone));
    if (this.#waiting.length === 0 || this.#closing) return;
    if (this.#receiving) this.#wake();
    else this.#watchHoard();
  }

  async #close(): Promise<void> {
    this.#wake();
    await this.#receiving;
    clearTimeout(this.#hoarding);
    await this.#rest();
    for (const session of [...this.#retired, ...(this.#session ? [this.#session] : [])]) await this.#end(session);
    await this.#reporter.close();
  }

  async #end(session: RabbitSession): Promise<void> {
    if (session.isLost) return;
    await session.flush().catch(() => undefined);
    if (session.heldCount === 0) return session.close();
    // As after a crash of which nobody has heard: others get it when the lease has ended.
    setTimeout(() => void session.close(), this.#options.leaseSeconds * 1000).unref();
  }
}
