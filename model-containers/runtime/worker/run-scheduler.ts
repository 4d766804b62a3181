import type { Batching } from '#catalog/manifest.ts';
import type { Clock } from '#core';

/** One run of some items. */
export interface ScheduledRun<End> {
  /** How the run ended for each item, in order. */
  readonly ends: readonly Promise<End>[];
  /** The slot is free again when it resolves, which may be after every end. Must not reject. */
  readonly finished: Promise<unknown>;
}

export interface SchedulerOptions<Item, End> {
  /** Runs at once. */
  readonly slots: number;
  readonly batching: Batching;
  readonly clock: Clock;
  /** Whether runs may start now. Call `resume` when it becomes true. */
  readonly isOpen: () => boolean;
  /** Whether an item has to run while nothing else does. */
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
 * Forms runs. While nothing is running, what is there runs at once; while something is running and a slot is free, a
 * run starts when it is full or its first item has waited `maxWaitMs`. Without batching every item is a full run. An
 * item that has to run alone is next: what is running ends first, and nothing starts beside it.
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

  /** Runs under way. */
  get running(): number {
    return this.#running;
  }

  /** Waits for a run and resolves with how it ended for this item; with undefined when the item was drained instead. */
  run(item: Item): Promise<End | undefined> {
    if (this.#isDrained) return Promise.resolve(undefined);
    const { clock, batching, isAlone } = this.#options;
    const waiting = { item, since: clock.now(), end: Promise.withResolvers<End | undefined>() };
    (isAlone(item) ? this.#waitingAlone : this.#waiting).push(waiting);
    if (batching.maxSize > 1) this.#gather();
    else this.#dispatch();
    return waiting.end.promise;
  }

  /** Looks again whether a run may start. */
  resume(): void {
    this.#dispatch();
  }

  /** Gives back everything that is not in a run, now and from now on. */
  drain(): void {
    this.#isDrained = true;
    this.#timer?.abort();
    for (const { end } of [...this.#waitingAlone, ...this.#waiting]) end.resolve(undefined);
    this.#waitingAlone = [];
    this.#waiting = [];
  }

  /** Items of one receive arrive within one turn of the event loop: gathers them before it forms runs. */
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
    return Math.max(0, batching.maxWaitMs - (clock.now() - first.since));
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
