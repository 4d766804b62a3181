import { EventEmitter } from 'node:events';
import type { AsyncMessage, Channel } from 'rabbitmq-client';
import { unavailable } from '#core';
import type { Actor } from '../engine/engine.ts';
import type { Fault } from '../engine/faults.ts';
import { taskOf } from '../world/requests.ts';
import type { World } from '../world/world.ts';
import { BrokerChannel, type BrokerDelivery, type SimBroker } from './sim-broker.ts';

const RECONNECT_MS = { min: 100, max: 3_000 };

interface Request<T> {
  readonly name: string;
  readonly about?: string | undefined;
  readonly describe?: () => string;
  readonly serve: () => T;
  /** Called after the response. */
  readonly afterwards?: () => void;
}

/**
 * A process's connection to the broker, like `RabbitLink`. Messages arrive in order until the connection is lost. Each
 * side detects that at once, or after two missed heartbeats.
 */
export class SimConnection {
  readonly blockedBecause = undefined;
  isUp = true;
  readonly #world: World;
  readonly #actor: Actor;
  readonly #broker: SimBroker;
  readonly #silenceMs: number;
  readonly #upAgain = new Set<() => void>();
  readonly #pending = new Set<(error: Error) => void>();
  #channels: SimChannel[] = [];
  /** Number of the current connection; messages of earlier ones are dropped. */
  #life = 0;
  /** Nothing arrives any more, but the client has not detected it. */
  #isSilent = false;
  /** The broker has closed this connection and ignores what still arrives. */
  #isDropped = false;
  #thereMs = 0;
  #backMs = 0;

  constructor(world: World, actor: Actor, broker: SimBroker, heartbeatSeconds: number) {
    this.#world = world;
    this.#actor = actor;
    this.#broker = broker;
    this.#silenceMs = 2_000 * heartbeatSeconds;
    world.onDeath(actor, () => this.#dropAtBroker());
    world.onOutage('queue', () => this.lose(0));
    world.onFreeze(actor, (ms) => this.#missHeartbeats(ms));
  }

  async channel(): Promise<Channel> {
    if (!this.isUp) throw this.unreachable();
    const channel = new SimChannel(this, this.#broker);
    this.#channels.push(channel);
    await this.request({ name: 'open channel', serve: () => undefined });
    return channel as unknown as Channel;
  }

  /** What a call with this message is about, for traces and faults. */
  about(body: Buffer) {
    return { about: taskOf(body), describe: () => this.#world.describe.body(body) };
  }

  together(): void {}
  onceUpAgain(callback: () => void): void {
    this.#upAgain.add(callback);
  }

  unreachable(): Error {
    return unavailable('queue_unavailable', 'RabbitMQ is away.', undefined);
  }

  request<T>({ name, serve, afterwards, ...told }: Request<T>): Promise<T> {
    const { network, engine } = this.#world;
    const host = this.#world.host('queue');
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    if (!this.isUp) return Promise.reject(this.unreachable());
    const { fault, thereMs } = network.begin({ caller: this.#actor, name, ...told });
    if (!this.#actor.isAlive) return promise;
    this.#pending.add(reject);
    const life = this.#life;
    if (fault && BREAKS_BEFORE.has(fault.kind)) this.lose(fault.severity);
    if (life !== this.#life || this.#isSilent) return promise;
    this.#thereMs = Math.max(this.#thereMs, engine.now + thereMs);
    engine.after(host.actor, this.#thereMs - engine.now, () => {
      if (life !== this.#life || this.#isDropped || host.isDown(this.#actor)) return;
      const value = serve();
      if (fault?.kind === 'crash-after') this.#world.kill(this.#actor, `after ${name}`);
      if (fault && BREAKS_AFTER.has(fault.kind)) this.lose(fault.severity);
      this.toClient(() => {
        this.#pending.delete(reject);
        resolve(value);
      });
      afterwards?.();
    });
    return promise;
  }

  /** Something that the broker sends: it arrives unless the connection is lost before. */
  toClient(run: () => void): void {
    const { engine } = this.#world;
    const life = this.#life;
    this.#backMs = Math.max(this.#backMs, engine.now + 1);
    engine.after(this.#actor, this.#backMs - engine.now, () => {
      if (life === this.#life && this.isUp && !this.#isSilent) run();
    });
  }

  /** Breaks the connection. `severity` from 0 to 1: how long each side needs to detect it. */
  lose(severity: number): void {
    if (!this.isUp || this.#isSilent) return;
    const { engine } = this.#world;
    const life = this.#life;
    const isNoticed = severity < 0.5;
    this.#isSilent = true;
    const brokerMs = isNoticed ? 0 : (2 * severity - 1) * this.#silenceMs;
    const clientMs = isNoticed ? 0 : this.#silenceMs - brokerMs / 2;
    engine.after(this.#world.host('queue').actor, brokerMs, () => life === this.#life && this.#dropAtBroker());
    engine.after(this.#actor, clientMs, () => life === this.#life && this.#notice());
  }

  #dropAtBroker(): void {
    this.#isDropped = true;
    for (const { atBroker } of this.#channels) this.#broker.close(atBroker);
  }

  #notice(): void {
    this.#dropAtBroker();
    this.#life += 1;
    this.isUp = false;
    this.#isSilent = false;
    const channels = this.#channels;
    this.#channels = [];
    for (const reject of this.#pending) reject(new Error('The connection is lost.'));
    this.#pending.clear();
    for (const channel of channels) channel.lose();
    this.#reconnect(RECONNECT_MS.min);
  }

  #reconnect(pauseMs: number): void {
    const { engine } = this.#world;
    engine.after(this.#actor, pauseMs, () => {
      if (this.#world.host('queue').isDown(this.#actor)) {
        this.#reconnect(Math.min(RECONNECT_MS.max, 2 * pauseMs));
        return;
      }
      this.isUp = true;
      this.#isDropped = false;
      const callbacks = [...this.#upAgain];
      this.#upAgain.clear();
      for (const callback of callbacks) callback();
    });
  }

  /** The broker closes a connection after two missed heartbeats. A frozen process sends none. */
  #missHeartbeats(ms: number): void {
    if (ms <= this.#silenceMs) return;
    const life = this.#life;
    const { engine } = this.#world;
    engine.after(this.#world.host('queue').actor, this.#silenceMs, () => {
      if (life !== this.#life || this.#actor.frozenUntil <= engine.now) return;
      this.#dropAtBroker();
      this.#isSilent = true;
      engine.after(this.#actor, 0, () => life === this.#life && this.#notice());
    });
  }
}

const BREAKS_BEFORE: ReadonlySet<Fault['kind']> = new Set(['refuse', 'lose-request']);
const BREAKS_AFTER: ReadonlySet<Fault['kind']> = new Set(['lose-reply', 'late']);

/** The client's end of a channel: what the adapters use of `Channel`. */
class SimChannel extends EventEmitter {
  active = true;
  readonly atBroker: BrokerChannel;
  readonly #connection: SimConnection;
  readonly #broker: SimBroker;
  readonly #callbacks = new Map<string, (message: AsyncMessage) => void>();

  constructor(connection: SimConnection, broker: SimBroker) {
    super();
    this.#connection = connection;
    this.#broker = broker;
    this.atBroker = new BrokerChannel((delivery) => connection.toClient(() => this.#take(delivery)));
  }

  confirmSelect = () => this.#ask('confirm.select', () => undefined);

  queueDeclare = ({ queue = '' }) => this.#ask('queue.declare', () => ({ messageCount: this.#broker.count(queue) }));

  basicPublish(envelope: { routingKey: string; headers?: object; expiration?: string }, body: Buffer): Promise<void> {
    const { routingKey, headers = {}, expiration } = envelope;
    const expiresMs = expiration === undefined ? undefined : Number(expiration);
    const serve = () => this.#broker.publish(routingKey, body, { ...headers }, expiresMs);
    return this.#ask(`publish to ${routingKey}`, serve, body);
  }

  basicQos({ prefetchCount }: { prefetchCount: number }): Promise<void> {
    return this.#ask('basic.qos', () => {
      this.atBroker.prefetch = prefetchCount;
    });
  }

  async basicConsume({ queue }: { queue: string }, callback: (message: AsyncMessage) => void) {
    const serve = () => this.#broker.consume(this.atBroker, queue);
    // Messages follow the response.
    const afterwards = () => this.#broker.dispatch(queue);
    const consumerTag = await this.#connection.request({ name: 'basic.consume', serve, afterwards });
    this.#callbacks.set(consumerTag, callback);
    return { consumerTag };
  }

  basicCancel = ({ consumerTag }: { consumerTag: string }) =>
    this.#ask('basic.cancel', () => this.#broker.cancel(this.atBroker, consumerTag));

  basicAck({ deliveryTag, multiple = false }: { deliveryTag: number; multiple?: boolean }): void {
    void this.#ask('basic.ack', () => this.#broker.ack(this.atBroker, deliveryTag, multiple)).catch(() => undefined);
  }

  basicNack({ deliveryTag }: { deliveryTag: number }): void {
    void this.#ask('basic.nack', () => this.#broker.nack(this.atBroker, deliveryTag)).catch(() => undefined);
  }

  async close(): Promise<void> {
    if (!this.active) return;
    await this.#ask('channel.close', () => this.#broker.close(this.atBroker)).catch(() => undefined);
    this.lose();
  }

  /** Closes it: no message arrives any more. */
  lose(): void {
    if (!this.active) return;
    this.active = false;
    this.emit('close');
  }

  #ask<T>(name: string, serve: () => T, body?: Buffer): Promise<T> {
    if (!this.active) return Promise.reject(new Error('The channel is closed.'));
    return this.#connection.request({ name, serve, ...(body ? this.#connection.about(body) : {}) });
  }

  #take({ consumerTag, deliveryTag, body, headers, returned }: BrokerDelivery): void {
    const counted = returned > 0 ? { 'x-delivery-count': returned } : {};
    const message = { body, headers: { ...headers, ...counted }, redelivered: returned > 0, consumerTag, deliveryTag };
    this.#callbacks.get(consumerTag)?.(message as unknown as AsyncMessage);
  }
}
