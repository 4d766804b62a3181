import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, ErrorReply, RESP_TYPES } from 'redis';
import { SCRIPTS } from './scripts.ts';

export interface ConnectionTimings {
  /** Timeout of TCP and TLS, in milliseconds. */
  readonly connectMs: number;
  /** Interval of pings, in milliseconds. */
  readonly pingIntervalMs: number;
  /** Timeout of the handshake and of each ping, in milliseconds. */
  readonly answerMs: number;
}

export type RedisText = ReturnType<typeof createTextClient>;
export type RedisBytes = ReturnType<typeof createBytesClient>;

/**
 * One connection to Redis: one client object with one socket, which is never reconnected. A connection that was given
 * up delivers no replies and no messages.
 *
 * node-redis reconnects, but not safely. Every write restarts its socket timeout, so it does not detect a silent
 * network under load. `destroy()` followed by `connect()` can leave two sockets on one queue of replies.
 */
export class RedisConnection {
  readonly text: RedisText;
  readonly bytes: RedisBytes;
  /** Resolves with the reason when the connection is given up. */
  readonly ended: Promise<unknown>;
  readonly #timings: ConnectionTimings;
  readonly #end = Promise.withResolvers<unknown>();
  #isGivenUp = false;

  constructor(url: string, timings: ConnectionTimings) {
    this.#timings = timings;
    this.ended = this.#end.promise;
    this.text = createTextClient(url, timings.connectMs);
    this.bytes = createBytesClient(this.text);
    this.text.on('error', (error) => this.giveUp(error));
    // `destroy()` does not close a socket that is still connecting.
    this.text.on('connect', () => this.#isGivenUp && this.text.destroy());
  }

  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** Resolves when commands can be sent. Rejects with the reason when the connection is given up. */
  async open(): Promise<void> {
    const { connectMs, answerMs } = this.#timings;
    await this.#giveUpUnless(this.text.connect(), connectMs + answerMs);
    if (this.#isGivenUp) throw await this.ended;
    void this.#keepPinging();
  }

  /** Calls `onMessage` with each message of a channel until the connection is given up. */
  async subscribe(channel: string, onMessage: (message: string) => void): Promise<void> {
    await this.text.subscribe(channel, (message) => {
      if (!this.#isGivenUp) onMessage(message);
    });
  }

  /** Rejects pending commands and closes the socket. */
  giveUp(reason: unknown): void {
    if (this.#isGivenUp) return;
    this.#isGivenUp = true;
    this.text.destroy();
    this.#end.resolve(reason);
  }

  async #keepPinging(): Promise<void> {
    while (!this.#isGivenUp) {
      await sleep(this.#timings.pingIntervalMs, undefined, { ref: false });
      if (!this.#isGivenUp) await this.#giveUpUnless(this.text.ping().catch(isAnswer), this.#timings.answerMs);
    }
  }

  async #giveUpUnless(answer: Promise<unknown>, withinMs: number): Promise<void> {
    let isAnswered = false;
    const giveUpLate = () => isAnswered || this.giveUp(new Error(`No response within ${withinMs / 1000} s`));
    // After a pause of the process, the timer fires before the received reply is read.
    const timer = setTimeout(() => setImmediate(giveUpLate), withinMs).unref();
    try {
      await answer;
    } catch (error) {
      this.giveUp(error);
    }
    isAnswered = true;
    clearTimeout(timer);
  }
}

/** An error reply to a ping, such as LOADING or BUSY, shows that the server is reachable. */
function isAnswer(error: unknown): void {
  if (!(error instanceof ErrorReply)) throw error;
}

const createTextClient = (url: string, connectTimeout: number) =>
  createClient({
    url,
    scripts: SCRIPTS,
    // Commands fail immediately during an outage. Callers retry.
    disableOfflineQueue: true,
    socket: { noDelay: true, connectTimeout, reconnectStrategy: false },
    // Prevents a second socket when Redis Enterprise announces maintenance.
    maintNotifications: 'disabled',
    // The client's timeout costs an abort signal per command and does not cover the reply. `translated` has its own.
    commandOptions: { timeout: 0 },
  });

const createBytesClient = (client: RedisText) => client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
