import type { Batching } from '#catalog/manifest.ts';
import type { Clock } from '#core';

export interface ScheduledRun<End> {
  /** How the run ended for each item, in order. */
  readonly ends: readonly Promise<End>[];
  /** Resolves when the slot is free, at the earliest when the model has finished. Must not reject. */
  readonly finished: Promise<unknown>;
}

export interface SchedulerOptions<Item, End> {
  /** Maximum number of concurrent runs. */
  readonly slots: number;
  readonly batching: Batching;
  readonly clock: Clock;
  /** Whether runs may start. Call `resume` when this becomes true. */
  readonly isOpen: () => boolean;
  /** Whether nothing else may run beside the item. */
  readonly isAlone: (item: Item) => boolean;
  readonly start: (items: readonly Item[]) => ScheduledRun<End>;
}

interface Waiting<Item, End> {
  readonly item: Item;
  /** Unix milliseconds. */
  readonly since: number;
  readonly end: PromiseWithResolvers<End | undefined>;
}

/**
 * Groups items into runs. If nothing is running, the waiting items run at once. If a slot is free beside other runs, a
 * run starts when it is full or when its first item has waited `maxWaitMs`. Without batching, every item is a full run.
 * An item that must run alone is next: it starts when all runs have ended, and no other run starts until it ends.
 */
export class RunScheduler<Item, End> {
  readonly #options: SchedulerOptions<Item, End>;
  #waiting: Waiting<Item, End>[] = [];
  #waitingAlone: Waiting<Item, End>[] = [];
  #running = 0;
  #runsAlone = false;
  #isDrained = false;
  #isScheduled = false;
  #timer: AbortController | undefined;

  constructor(options: SchedulerOptions<Item, End>) {
    this.#options = options;
  }

  get running(): number {
    return this.#running;
  }

  /** Resolves with how the run ended for this item, or with undefined if the item was drained. */
  run(item: Item): Promise<End | undefined> {
    if (this.#isDrained) return Promise.resolve(undefined);
    const { clock, batching, isAlone } = this.#options;
    const waiting = { item, since: clock.now(), end: Promise.withResolvers<End | undefined>() };
    (isAlone(item) ? this.#waitingAlone : this.#waiting).push(waiting);
    if (batching.maxSize > 1) this.#gather();
    else this.#dispatch();
    return waiting.end.promise;
  }

  /** Starts runs if possible. */
  resume(): void {
    this.#dispatch();
  }

  /** Returns all items that are not in a run. Later items are returned at once. */
  drain(): void {
    this.#isDrained = true;
    this.#timer?.abort();
    for (const { end } of [...this.#waitingAlone, ...this.#waiting]) end.resolve(undefined);
    this.#waitingAlone = [];
    this.#waiting = [];
  }

  /** Collects the items of one receive, which arrive in the same turn of the event loop. */
  #gather(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    this.#timer?.abort();
    const { slots, batching, isOpen } = this.#options;
    while (isOpen() && !this.#runsAlone) {
      if (this.#waitingAlone.length > 0) {
        if (this.#running === 0) this.#start(this.#waitingAlone.splice(0, 1), true);
        return;
      }
      if (this.#waiting.length === 0 || this.#running >= slots) return;
      const waitMs = this.#msToWait();
      if (waitMs > 0) {
        this.#dispatchAfter(waitMs);
        return;
      }
      this.#start(this.#waiting.splice(0, batching.maxSize), false);
    }
  }

  #dispatchAfter(ms: number): void {
    const timer = new AbortController();
    this.#timer = timer;
    void this.#options.clock.sleep(ms, timer.signal).then(() => timer.signal.aborted || this.#dispatch());
  }

  #msToWait(): number {
    const { batching, clock } = this.#options;
    const [first] = this.#waiting;
    if (!first || this.#running === 0 || this.#waiting.length >= batching.maxSize) return 0;
    const waitedMs = Math.max(0, clock.now() - first.since);
    return Math.max(0, batching.maxWaitMs - waitedMs);
  }

  #start(waiting: readonly Waiting<Item, End>[], alone: boolean): void {
    this.#running++;
    this.#runsAlone = alone;
    const { ends, finished } = this.#options.start(waiting.map(({ item }) => item));
    waiting.forEach(({ end }, position) => {
      end.resolve(ends[position]);
    });
    void finished.then(() => {
      this.#running--;
      this.#runsAlone = false;
      this.#dispatch();
    });
  }
}
