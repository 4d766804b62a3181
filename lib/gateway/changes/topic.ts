import { type Clock, dropOldest } from '#core';

/** A change as it is sent. `data` is JSON. */
export interface Change {
  readonly event: string;
  readonly data: string;
}

/** Who follows a topic. */
export interface Follower {
  /** A later change of the same key replaces an earlier one. */
  changed(key: string, change: Change): void;
  /** The topic cannot be read any more. Called once, and nothing follows. */
  failed(error: unknown): void;
}

interface TopicOptions {
  /** Reads what may have changed, by key. */
  readonly read: () => Promise<ReadonlyMap<string, Change>>;
  readonly clock: Clock;
  /** Whether a new follower gets everything known. Otherwise it gets only what changes from then on. */
  readonly tellsAll: boolean;
  /** Pause between two reads. It is longer after slow ones. */
  readonly pauseMs: number;
}

/** A read takes at most this part of the time, so that a slow store is not asked all the time. */
const SHARE = 1 / 20;
const MAX_PAUSE_MS = 10_000;
/** Keys whose last state is kept. */
const MAX_KNOWN = 3000;

/**
 * Something that is read over and over while somebody follows it, however many do. Followers are told what differs from
 * the read before.
 */
export class Topic {
  readonly #options: TopicOptions;
  readonly #followers = new Set<Follower>();
  readonly #known = new Map<string, Change>();
  #loop: { readonly stop: AbortController; readonly first: Promise<void> } | undefined;

  constructor(options: TopicOptions) {
    this.#options = options;
  }

  get isFollowed(): boolean {
    return this.#followers.size > 0;
  }

  /** Resolves when the follower misses no change from now on. Rejects when the topic cannot be read. */
  async follow(follower: Follower): Promise<void> {
    this.#followers.add(follower);
    this.#loop ??= this.#start();
    const { first } = this.#loop;
    await first;
    if (!this.#options.tellsAll) return;
    for (const [key, change] of this.#known) follower.changed(key, change);
  }

  leave(follower: Follower): void {
    this.#followers.delete(follower);
    if (this.#followers.size === 0) this.#end();
  }

  #start() {
    const stop = new AbortController();
    const first = Promise.withResolvers<void>();
    // Followers that left do not wait for it.
    first.promise.catch(() => undefined);
    void this.#run(stop.signal, first.resolve).catch((error: unknown) => {
      first.reject(error);
      if (stop.signal.aborted) return;
      const followers = [...this.#followers];
      this.#followers.clear();
      this.#end();
      for (const follower of followers) follower.failed(error);
    });
    return { stop, first: first.promise };
  }

  #end(): void {
    this.#loop?.stop.abort();
    this.#loop = undefined;
    this.#known.clear();
  }

  async #run(signal: AbortSignal, onFirst: () => void): Promise<void> {
    const { read, clock, pauseMs } = this.#options;
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      const startedAt = clock.now();
      const found = await read();
      if (signal.aborted) return;
      for (const [key, change] of found) this.#note(key, change, !isFirst);
      dropOldest(this.#known, MAX_KNOWN);
      if (isFirst) onFirst();
      const tookMs = clock.now() - startedAt;
      await clock.sleep(Math.min(MAX_PAUSE_MS, Math.max(pauseMs, tookMs / SHARE)), signal);
    }
  }

  #note(key: string, change: Change, isTold: boolean): void {
    const isNew = this.#known.get(key)?.data !== change.data;
    // Set again in any case: the oldest keys are those that were not read for the longest time.
    this.#known.delete(key);
    this.#known.set(key, change);
    if (isNew && isTold) for (const follower of this.#followers) follower.changed(key, change);
  }
}
