import { setTimeout as sleep } from 'node:timers/promises';
import { ClientOfflineError } from 'redis';
import { backoffMs, ModelyardError } from '#core';
import { addressOf, isHopeless, troubleWith } from './address.ts';
import { CONNECT_TIMEOUT_MS, createRedisClient, RECONNECT, type TextClient, withBytes } from './redis-client.ts';

export interface RedisLinkOptions {
  readonly url: string;
  /** Told once per outage. */
  readonly onTrouble?: (message: string) => void;
}

const CLOSE_MS = 2_000;
const UNREF = { ref: false } as const;

/** Two views of one connection: replies as text, and as bytes. */
export type RedisText = TextClient;
export type RedisBytes = ReturnType<typeof withBytes>;

/** One connection to Redis, made when it is first needed and again whenever it is lost. */
export class RedisLink {
  readonly address: string;
  readonly #options: RedisLinkOptions;
  readonly #text: TextClient;
  readonly #bytes: RedisBytes;
  readonly #firstTrouble = Promise.withResolvers<void>();
  #connecting: Promise<unknown> | undefined;
  #lastError: unknown;
  #isInTrouble = false;
  #wasUp = false;

  constructor(options: RedisLinkOptions) {
    this.address = addressOf(options.url, 6379);
    this.#options = options;
    this.#text = createRedisClient(options.url);
    this.#bytes = withBytes(this.#text);
    this.#text.on('error', (error) => this.#noteTrouble(error));
    this.#text.on('ready', () => {
      this.#wasUp = true;
      this.#isInTrouble = false;
    });
  }

  /** For commands whose replies are text or numbers. */
  async text(): Promise<RedisText> {
    if (!this.#text.isReady) await this.#connected();
    return this.#text;
  }

  /** For commands whose replies are bytes. */
  async bytes(): Promise<RedisBytes> {
    if (!this.#text.isReady) await this.#connected();
    return this.#bytes;
  }

  /** Resolves when Redis answers. Rejects with one sentence when it has not within `patienceMs`. */
  async connect(patienceMs: number): Promise<void> {
    const endsAt = Date.now() + patienceMs;
    for (let failures = 1; ; failures++) {
      try {
        await (await this.text()).ping();
        return;
      } catch (error) {
        this.#lastError = error instanceof Error && /offline|timeout/i.test(error.message) ? this.#lastError : error;
        if (Date.now() >= endsAt || isHopeless(this.#lastError)) throw this.#unreachable();
        await sleep(Math.ceil(backoffMs(RECONNECT, failures)) + 20);
      }
    }
  }

  /** A connection of its own with the same settings, for subscriptions. */
  duplicate(): TextClient {
    return createRedisClient(this.#options.url);
  }

  /** Lets what was sent be answered, and ends by force when that takes long. */
  async close(): Promise<void> {
    if (this.#text.isReady) await Promise.race([this.#text.close(), sleep(CLOSE_MS, undefined, UNREF)]);
    if (this.#text.isOpen) this.#text.destroy();
  }

  /** The first connection is waited for once; later ones make themselves, and whoever comes meanwhile is refused. */
  #connected(): Promise<unknown> {
    this.#connecting ??= this.#text.connect();
    return Promise.race([this.#connecting, this.#refuseSoon()]);
  }

  async #refuseSoon(): Promise<never> {
    // Long enough for a first connection to a server that is there.
    if (!this.#wasUp) await Promise.race([this.#firstTrouble.promise, sleep(CONNECT_TIMEOUT_MS, undefined, UNREF)]);
    throw new ClientOfflineError();
  }

  #noteTrouble(error: unknown): void {
    this.#lastError = error;
    this.#firstTrouble.resolve();
    // Whoever waits for the first connection is told at once.
    if (this.#isInTrouble || (!this.#wasUp && isHopeless(error))) return;
    this.#isInTrouble = true;
    this.#options.onTrouble?.(this.#unreachable().message);
  }

  #unreachable(): ModelyardError {
    const message = troubleWith({ name: 'Redis', address: this.address }, this.#lastError);
    return new ModelyardError('internal', message, { cause: this.#lastError });
  }
}
