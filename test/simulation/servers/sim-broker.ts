import type { Actor, Engine } from '../engine/engine.ts';

type Headers = Readonly<Record<string, unknown>>;

interface StoredMessage {
  readonly body: Buffer;
  readonly headers: Headers;
  /** Deliveries that were not settled. */
  returned: number;
}

/** A message on its way to a consumer. */
export interface BrokerDelivery extends StoredMessage {
  readonly consumerTag: string;
  readonly deliveryTag: number;
}

interface Consumer {
  readonly tag: string;
  readonly queue: BrokerQueue;
  readonly prefetch: number;
  readonly channel: BrokerChannel;
  held: number;
}

interface BrokerQueue {
  readonly name: string;
  readonly messages: StoredMessage[];
  readonly consumers: Consumer[];
}

/** The broker's end of a channel. */
export class BrokerChannel {
  readonly deliver: (delivery: BrokerDelivery) => void;
  readonly consumers = new Map<string, Consumer>();
  readonly held = new Map<number, { readonly message: StoredMessage; readonly consumer: Consumer }>();
  prefetch = 0;
  tags = 0;
  isOpen = true;

  constructor(deliver: (delivery: BrokerDelivery) => void) {
    this.deliver = deliver;
  }
}

/** What RabbitMQ does with quorum queues, as far as the adapters use it. */
export class SimBroker {
  readonly #engine: Engine;
  readonly #actor: Actor;
  readonly #queues = new Map<string, BrokerQueue>();
  #delayed = 0;
  #consumers = 0;
  /** Messages whose consumer was canceled before they were settled. */
  #heldByCanceled = 0;

  constructor(engine: Engine, actor: Actor) {
    this.#engine = engine;
    this.#actor = actor;
  }

  get hasMessages(): boolean {
    const isBusy = ({ messages, consumers }: BrokerQueue) =>
      messages.length > 0 || consumers.some(({ held }) => held > 0);
    return this.#delayed > 0 || this.#heldByCanceled > 0 || [...this.#queues.values()].some(isBusy);
  }

  publish(name: string, body: Buffer, headers: Headers, expiresMs: number | undefined): void {
    const message = { body, headers, returned: 0 };
    const [target = name, delay] = name.split('.after-');
    if (delay === undefined || expiresMs === undefined) {
      this.#put(this.#queue(target), message);
      return;
    }
    this.#delayed += 1;
    this.#engine.after(this.#actor, expiresMs, () => {
      this.#delayed -= 1;
      this.#put(this.#queue(target), message);
    });
  }

  count(name: string): number {
    return this.#queue(name).messages.length;
  }

  /** Delivers nothing to the new consumer before `dispatch` or the next message. */
  consume(channel: BrokerChannel, name: string): string {
    this.#consumers += 1;
    const queue = this.#queue(name);
    const consumer: Consumer = {
      tag: `consumer-${this.#consumers}`,
      queue,
      prefetch: channel.prefetch,
      channel,
      held: 0,
    };
    channel.consumers.set(consumer.tag, consumer);
    queue.consumers.push(consumer);
    return consumer.tag;
  }

  /** Delivers waiting messages to consumers with capacity. */
  dispatch(name: string): void {
    this.#dispatch(this.#queue(name));
  }

  cancel(channel: BrokerChannel, tag: string): void {
    const consumer = channel.consumers.get(tag);
    if (!consumer) return;
    channel.consumers.delete(tag);
    consumer.queue.consumers.splice(consumer.queue.consumers.indexOf(consumer), 1);
    this.#heldByCanceled += consumer.held;
  }

  ack(channel: BrokerChannel, deliveryTag: number, multiple: boolean): void {
    for (const tag of this.#tagsUpTo(channel, deliveryTag, multiple)) this.#settle(channel, tag);
  }

  nack(channel: BrokerChannel, deliveryTag: number): void {
    const message = this.#settle(channel, deliveryTag);
    if (message) this.#putBack(message);
  }

  /** Requeues all unsettled messages of the channel. */
  close(channel: BrokerChannel): void {
    if (!channel.isOpen) return;
    channel.isOpen = false;
    for (const tag of [...channel.consumers.keys()]) this.cancel(channel, tag);
    for (const tag of [...channel.held.keys()]) this.nack(channel, tag);
  }

  #queue(name: string): BrokerQueue {
    const queue = this.#queues.get(name) ?? { name, messages: [], consumers: [] };
    this.#queues.set(name, queue);
    return queue;
  }

  #put(queue: BrokerQueue, message: StoredMessage): void {
    queue.messages.push(message);
    this.#dispatch(queue);
  }

  #putBack({ message, consumer }: { readonly message: StoredMessage; readonly consumer: Consumer }): void {
    message.returned += 1;
    // Keeps its position, before later messages.
    consumer.queue.messages.unshift(message);
    this.#dispatch(consumer.queue);
  }

  #dispatch(queue: BrokerQueue): void {
    while (queue.messages.length > 0) {
      const at = queue.consumers.findIndex(({ held, prefetch }) => held < prefetch);
      const [consumer] = at < 0 ? [] : queue.consumers.splice(at, 1);
      const message = consumer && queue.messages.shift();
      if (!consumer || !message) return;
      // Round-robin.
      queue.consumers.push(consumer);
      const { channel } = consumer;
      consumer.held += 1;
      channel.tags += 1;
      channel.held.set(channel.tags, { message, consumer });
      channel.deliver({ ...message, consumerTag: consumer.tag, deliveryTag: channel.tags });
    }
  }

  #settle(channel: BrokerChannel, deliveryTag: number) {
    const held = channel.held.get(deliveryTag);
    if (!held) return undefined;
    channel.held.delete(deliveryTag);
    const { consumer } = held;
    if (channel.consumers.has(consumer.tag)) {
      consumer.held -= 1;
      this.#dispatch(consumer.queue);
    } else this.#heldByCanceled -= 1;
    return held;
  }

  #tagsUpTo(channel: BrokerChannel, deliveryTag: number, multiple: boolean): number[] {
    return multiple ? [...channel.held.keys()].filter((tag) => tag <= deliveryTag) : [deliveryTag];
  }
}
