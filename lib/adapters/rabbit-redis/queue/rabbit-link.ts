import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Channel, Connection } from 'rabbitmq-client';
import { ModelyardError } from '#core';
import { addressOf, isHopeless, troubleWith } from '../errors.ts';
import { watchSockets } from './opened-sockets.ts';

export interface RabbitLinkOptions {
  readonly url: string;
  /** Shown in RabbitMQ's list of connections. */
  readonly name: string;
  /** Each side closes the connection after about two intervals without data. */
  readonly heartbeatSeconds: number;
  /** Called once per outage. */
  readonly onTrouble?: (message: string) => void;
}

const RETRY = { retryLow: 100, retryHigh: 5_000 };
const FIRST_CONNECT_MS = 5_000;
const CLOSE_MS = 2_000;
/** Large bodies travel in frames; the client's default of 8 KB makes many of them. */
const MAX_FRAME_BYTES = 128 * 1024;

/** A connection to RabbitMQ that reconnects with back-off. */
export class RabbitLink {
  readonly address: string;
  readonly #options: RabbitLinkOptions;
  readonly #channels = new Set<Channel>();
  readonly #upAgain = new Set<() => void>();
  #connection: Connection | undefined;
  #socket: Socket | undefined;
  #wasUp = false;
  #isTogether = false;
  #blockedBecause: string | undefined;
  #lastError: unknown;

  constructor(options: RabbitLinkOptions) {
    this.address = addressOf(options.url, options.url.startsWith('amqps:') ? 5671 : 5672);
    this.#options = options;
  }

  get isUp(): boolean {
    return this.#connection?.ready === true || this.#blockedBecause !== undefined;
  }

  /** Why RabbitMQ blocks publishers. Undefined while it does not. */
  get blockedBecause(): string | undefined {
    return this.#blockedBecause;
  }

  /** A channel. It closes with the link. Rejects at once during an outage. */
  async channel(): Promise<Channel> {
    const connection = this.#open();
    if (!this.isUp) {
      if (this.#wasUp) throw this.unreachable();
      await connection.onConnect(FIRST_CONNECT_MS, true);
    }
    const channel = await connection.acquire({ emitErrorsFromChannel: true });
    // Users of the channel see the failed call or the close event.
    channel.on('error', () => undefined);
    this.#channels.add(channel);
    channel.once('close', () => this.#channels.delete(channel));
    return channel;
  }

  /** Resolves when connected. Rejects with `queue_unavailable` after `patienceMs`. */
  async connect(patienceMs: number): Promise<void> {
    const connection = this.#open();
    const refused = Promise.withResolvers<never>();
    const onError = (error: unknown) => isHopeless(error) && refused.reject(error);
    connection.on('error', onError);
    try {
      await Promise.race([connection.onConnect(Math.max(1, patienceMs), true), refused.promise]);
    } catch (error) {
      this.#lastError ??= error;
      throw this.unreachable();
    } finally {
      connection.off('error', onError);
    }
  }

  /** Sends everything that is written in this turn of the event loop in one packet. Has no effect with TLS. */
  together(): void {
    if (this.#isTogether) return;
    // The client writes each method alone. Sent apart, more acknowledgements are lost with a connection although the
    // request that confirms them was answered.
    const socket = this.#socket;
    if (!socket) return;
    this.#isTogether = true;
    socket.cork();
    process.nextTick(() => {
      this.#isTogether = false;
      socket.uncork();
    });
  }

  /** Calls back once, at the next reconnection. */
  onceUpAgain(callback: () => void): void {
    this.#upAgain.add(callback);
  }

  unreachable(): ModelyardError {
    const message = troubleWith({ name: 'RabbitMQ', address: this.address }, this.#lastError);
    return new ModelyardError('queue_unavailable', message, {
      cause: this.#lastError,
      retryable: true,
      retryAfterSeconds: 5,
    });
  }

  /** Closes the channels, then the connection. Destroys it after two seconds. */
  async close(): Promise<void> {
    const connection = this.#connection;
    if (!connection) return;
    const orderly = Promise.all([...this.#channels].map((channel) => channel.close())).then(() => connection.close());
    const late = new AbortController();
    await Promise.race([orderly, sleep(CLOSE_MS, undefined, { signal: late.signal }).catch(() => undefined)]);
    late.abort();
    connection.unsafeDestroy();
  }

  #open(): Connection {
    if (this.#connection) return this.#connection;
    const { url, name, heartbeatSeconds } = this.#options;
    const settings = {
      url,
      connectionName: name,
      heartbeat: heartbeatSeconds,
      frameMax: MAX_FRAME_BYTES,
      // Otherwise each small message waits 40 ms for the one before it to be acknowledged by TCP.
      noDelay: true,
      acquireTimeout: FIRST_CONNECT_MS,
      connectionTimeout: FIRST_CONNECT_MS,
      ...RETRY,
    };
    const note = (socket: Socket) => socket.once('connect', () => this.#noteSocket(socket));
    const connection = watchSockets(note, () => new Connection(settings));
    this.#connection = connection;
    // Each consumer listens: more models than ten are no leak.
    connection.setMaxListeners(0);
    connection.on('connection', () => this.#noteUp());
    connection.on('error', (error) => this.#noteTrouble(error));
    connection.on('connection.blocked', (reason) => {
      this.#blockedBecause = reason;
      this.#options.onTrouble?.(`RabbitMQ at ${this.address} takes no messages: ${reason}.`);
    });
    connection.on('connection.unblocked', () => {
      this.#blockedBecause = undefined;
    });
    return connection;
  }

  #noteSocket(socket: Socket): void {
    if (this.address.endsWith(`:${socket.remotePort}`)) this.#socket = socket;
  }

  #noteUp(): void {
    this.#wasUp = true;
    this.#blockedBecause = undefined;
    const callbacks = [...this.#upAgain];
    this.#upAgain.clear();
    for (const callback of callbacks) callback();
  }

  #noteTrouble(error: unknown): void {
    this.#lastError = error;
    if (this.#connection?.ready !== true) this.#blockedBecause = undefined;
    // `connect` reports an error of the first connection itself.
    if (!this.#wasUp && isHopeless(error)) return;
    this.#options.onTrouble?.(this.unreachable().message);
  }
}
