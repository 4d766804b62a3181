import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, ErrorReply, RESP_TYPES } from 'redis';
import { SCRIPTS } from './scripts.ts';

export interface ConnectionTimings {
  /** Time in ms that TCP and TLS may take. */
  readonly connectMs: number;
  /** Pause in ms between pings. */
  readonly pingIntervalMs: number;
  /** Time in ms within which Redis must complete the handshake, and answer a ping. */
  readonly answerMs: number;
}

/** Replies as text. */
export type RedisText = ReturnType<typeof createTextClient>;
/** Replies as bytes. */
export type RedisBytes = ReturnType<typeof createBytesClient>;

/**
 * One attempt at a connection to Redis: one client object with one socket, which is never connected again. Once it is
 * given up, no reply and no message comes through it.
 *
 * node-redis can reconnect by itself, but not safely: its socket timeout is restarted by writes, so a silent network is
 * not noticed under load, and `destroy()` followed by `connect()` can leave two sockets on one queue of replies.
 */
export class RedisConnection {
  readonly text: RedisText;
  readonly bytes: RedisBytes;
  /** Resolves with the reason once the connection is given up. */
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

  /** Resolves when commands can be sent. Rejects with the reason when the connection is given up before. */
  async open(): Promise<void> {
    const { connectMs, answerMs } = this.#timings;
    await this.#giveUpUnless(this.text.connect(), connectMs + answerMs);
    if (this.#isGivenUp) throw await this.ended;
    void this.#keepPinging();
  }

  /** Calls back with each message of a channel until the connection is given up. */
  async subscribe(channel: string, onMessage: (message: string) => void): Promise<void> {
    await this.text.subscribe(channel, (message) => {
      if (!this.#isGivenUp) onMessage(message);
    });
  }

  /** Rejects the commands that wait for a reply and closes the socket. */
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
    const giveUpLate = () => isAnswered || this.giveUp(new Error(`No answer within ${withinMs / 1000} s`));
    // After the process was paused, this timer fires before the answer that has arrived meanwhile is read.
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

/** A server that refuses a ping, because it loads its data or runs a script, is there. */
function isAnswer(error: unknown): void {
  if (!(error instanceof ErrorReply)) throw error;
}

const createTextClient = (url: string, connectTimeout: number) =>
  createClient({
    url,
    scripts: SCRIPTS,
    // Commands fail at once while there is no connection: waiting is up to the callers.
    disableOfflineQueue: true,
    socket: { noDelay: true, connectTimeout, reconnectStrategy: false },
    // Otherwise the client moves to another socket when Redis Enterprise announces maintenance.
    maintNotifications: 'disabled',
    // The client's own limit costs an abort signal per command and ends once the command is sent; ours is in `translated`.
    commandOptions: { timeout: 0 },
  });

const createBytesClient = (client: RedisText) => client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
