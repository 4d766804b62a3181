import { setTimeout as sleep } from 'node:timers/promises';
import { ClientOfflineError } from 'redis';
import { backoffMs, ModelyardError } from '#core';
import { addressOf, isHopeless, troubleWith } from './errors.ts';
import { type ConnectionTimings, type RedisBytes, RedisConnection, type RedisText } from './redis-connection.ts';

export interface RedisLinkOptions {
  readonly url: string;
  /** Called once per outage with one sentence. */
  readonly onTrouble?: (message: string) => void;
  /** Timeouts; tests shorten them. */
  readonly timings?: Partial<ConnectionTimings>;
}

/** A subscription to a channel. */
export interface Subscription {
  readonly channel: string;
  readonly onMessage: (message: string) => void;
  /** Called when the subscription is active. */
  readonly onUp: () => void;
  /** Called when the connection is lost. Messages may be lost until the next `onUp`. */
  readonly onDown: () => void;
}

const RECONNECT = { baseMs: 100, maxMs: 2_000 };
const MIN_PAUSE_MS = 20;
const TIMINGS: ConnectionTimings = { connectMs: 5_000, pingIntervalMs: 5_000, answerMs: 7_000 };
const CLOSE_MS = 2_000;

/** A connection to Redis. It is opened on first use and replaced when it is lost or does not respond. */
export class RedisLink {
  readonly address: string;
  readonly #options: RedisLinkOptions;
  readonly #subscription: Subscription | undefined;
  readonly #timings: ConnectionTimings;
  readonly #closing = new AbortController();
  /** Settles after the first attempt to connect. */
  readonly #firstAttempt = Promise.withResolvers<void>();
  #attempt: RedisConnection | undefined;
  /** The open connection, if any. */
  #current: RedisConnection | undefined;
  #lastError: unknown;
  #isInTrouble = false;
  #wasUp = false;

  constructor(options: RedisLinkOptions, subscription?: Subscription) {
    this.address = addressOf(options.url, 6379);
    this.#options = options;
    this.#subscription = subscription;
    this.#timings = { ...TIMINGS, ...options.timings };
  }

  /** Client for replies that are text or numbers. Rejects with `ClientOfflineError` during an outage. */
  async text(): Promise<RedisText> {
    return (this.#current ?? (await this.#connected())).text;
  }

  /** Client for binary replies. Rejects with `ClientOfflineError` during an outage. */
  async bytes(): Promise<RedisBytes> {
    return (this.#current ?? (await this.#connected())).bytes;
  }

  /**
   * Throws if a reply belongs to another key. Replaces the connection then, because its other replies may be mixed up
   * too.
   */
  expectReplyAbout(asked: string, found: string | undefined): void {
    if (asked === found) return;
    const mismatch = new Error(`Redis replied for ${found} instead of ${asked}`);
    this.#current?.giveUp(mismatch);
    throw mismatch;
  }

  /** Resolves when Redis responds. Rejects with one sentence after `timeoutMs`. */
  async connect(timeoutMs: number): Promise<void> {
    const endsAt = Date.now() + timeoutMs;
    for (let failures = 1; ; failures++) {
      try {
        await (await this.text()).ping();
        return;
      } catch (error) {
        // The reason of the lost connection is more specific than the error of the command.
        if (!(error instanceof ClientOfflineError)) this.#lastError ??= error;
        if (Date.now() >= endsAt || isHopeless(this.#lastError)) throw this.#unreachable();
        await pause(failures, this.#closing.signal);
      }
    }
  }

  /** Opens a separate connection that subscribes to a channel. */
  subscribe(subscription: Subscription): RedisLink {
    const { onTrouble: _, ...options } = this.#options;
    return new RedisLink(options, subscription);
  }

  /** Waits up to 2 seconds for pending replies. Later commands are refused. */
  async close(): Promise<void> {
    this.#closing.abort();
    const connection = this.#current;
    this.#current = undefined;
    if (connection) await Promise.race([connection.text.close(), sleep(CLOSE_MS, undefined, { ref: false })]);
    this.#attempt?.giveUp(new ClientOfflineError());
  }

  /** Waits only for the first connection, until its first attempt ends. */
  async #connected(): Promise<RedisConnection> {
    if (!this.#attempt && !this.#closing.signal.aborted) void this.#keepConnected();
    if (!this.#wasUp) {
      await Promise.race([this.#firstAttempt.promise, sleep(this.#timings.connectMs, undefined, { ref: false })]);
    }
    if (!this.#current) throw new ClientOfflineError();
    return this.#current;
  }

  async #keepConnected(): Promise<void> {
    const { signal } = this.#closing;
    for (let failures = 1; !signal.aborted; failures++) {
      const connection = new RedisConnection(this.#options.url, this.#timings);
      this.#attempt = connection;
      if (await this.#hasOpened(connection)) failures = 0;
      const reason = await connection.ended;
      if (signal.aborted) return;
      this.#noteDown(reason);
      await pause(Math.max(1, failures), signal);
    }
  }

  async #hasOpened(connection: RedisConnection): Promise<boolean> {
    try {
      await connection.open();
      const { channel, onMessage } = this.#subscription ?? {};
      if (channel !== undefined && onMessage) await connection.subscribe(channel, onMessage);
    } catch (error) {
      connection.giveUp(error);
    }
    if (connection.isGivenUp) return false;
    this.#wasUp = true;
    this.#isInTrouble = false;
    this.#current = connection;
    this.#firstAttempt.resolve();
    this.#subscription?.onUp();
    return true;
  }

  #noteDown(reason: unknown): void {
    this.#current = undefined;
    this.#lastError = reason;
    this.#firstAttempt.resolve();
    this.#subscription?.onDown();
    // `connect` reports permanent errors of the first connection itself.
    if (this.#isInTrouble || (!this.#wasUp && isHopeless(reason))) return;
    this.#isInTrouble = true;
    this.#options.onTrouble?.(this.#unreachable().message);
  }

  #unreachable(): ModelyardError {
    const message = troubleWith({ name: 'Redis', address: this.address }, this.#lastError);
    return new ModelyardError('internal', message, { cause: this.#lastError });
  }
}

async function pause(failures: number, signal: AbortSignal): Promise<void> {
  const ms = Math.ceil(backoffMs(RECONNECT, failures)) + MIN_PAUSE_MS;
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
