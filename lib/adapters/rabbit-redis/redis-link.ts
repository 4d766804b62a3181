import { setTimeout as sleep } from 'node:timers/promises';
import { ClientOfflineError } from 'redis';
import { backoffMs, ModelyardError } from '#core';
import { addressOf, isHopeless, troubleWith } from './errors.ts';
import { type ConnectionTimings, type RedisBytes, RedisConnection, type RedisText } from './redis-connection.ts';

export interface RedisLinkOptions {
  readonly url: string;
  /** Called once per outage with a sentence about it. */
  readonly onTrouble?: (message: string) => void;
  /** Limits of time; tests shorten them. */
  readonly timings?: Partial<ConnectionTimings>;
}

/** What a subscriber does with its connections. */
export interface Subscription {
  readonly channel: string;
  readonly onMessage: (message: string) => void;
  /** Messages are heard from now on. */
  readonly onUp: () => void;
  /** Messages may be lost from now on until `onUp`. */
  readonly onDown: () => void;
}

const RECONNECT = { baseMs: 100, maxMs: 2_000 };
const MIN_PAUSE_MS = 20;
const TIMINGS: ConnectionTimings = { connectMs: 5_000, pingIntervalMs: 5_000, answerMs: 7_000 };
const CLOSE_MS = 2_000;

/** A connection to Redis that is made when it is first needed and replaced by another whenever it is lost or silent. */
export class RedisLink {
  readonly address: string;
  readonly #options: RedisLinkOptions;
  readonly #subscription: Subscription | undefined;
  readonly #timings: ConnectionTimings;
  readonly #closing = new AbortController();
  /** Settles with the end of the first attempt to connect. */
  readonly #firstAttempt = Promise.withResolvers<void>();
  #attempt: RedisConnection | undefined;
  /** The attempt, once it has succeeded. */
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

  /** For commands whose replies are text or numbers. Rejects with `ClientOfflineError` while there is no connection. */
  async text(): Promise<RedisText> {
    return (this.#current ?? (await this.#connected())).text;
  }

  /** For commands whose replies are bytes. Rejects with `ClientOfflineError` while there is no connection. */
  async bytes(): Promise<RedisBytes> {
    return (this.#current ?? (await this.#connected())).bytes;
  }

  /**
   * Throws unless a reply is about what was asked. A connection on which it is not may have mixed up other replies as
   * well, so it is replaced.
   */
  expectReplyAbout(asked: string, found: string | undefined): void {
    if (asked === found) return;
    const mismatch = new Error(`Redis answered about ${found} instead of ${asked}`);
    this.#current?.giveUp(mismatch);
    throw mismatch;
  }

  /** Resolves when Redis answers. Rejects with one sentence when it has not within `patienceMs`. */
  async connect(patienceMs: number): Promise<void> {
    const endsAt = Date.now() + patienceMs;
    for (let failures = 1; ; failures++) {
      try {
        await (await this.text()).ping();
        return;
      } catch (error) {
        // Why the connection ended says more than the command that failed with it.
        if (!(error instanceof ClientOfflineError)) this.#lastError ??= error;
        if (Date.now() >= endsAt || isHopeless(this.#lastError)) throw this.#unreachable();
        await pause(failures, this.#closing.signal);
      }
    }
  }

  /** A link of its own to the same server that hears a channel. */
  subscribe(subscription: Subscription): RedisLink {
    const { onTrouble: _, ...options } = this.#options;
    return new RedisLink(options, subscription);
  }

  /** Waits up to 2 seconds for the replies to what was sent. Commands that come later are refused. */
  async close(): Promise<void> {
    this.#closing.abort();
    const connection = this.#current;
    this.#current = undefined;
    if (connection) await Promise.race([connection.text.close(), sleep(CLOSE_MS, undefined, { ref: false })]);
    this.#attempt?.giveUp(new ClientOfflineError());
  }

  /** Only the first connection is waited for, at most until the first attempt has failed. */
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
    // `connect` reports a first connection that waiting cannot help.
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
