import type { Batching } from '#catalog/manifest.ts';

interface Waiting<T> {
  readonly item: T;
  readonly since: number;
}

export interface RunScheduler<T> {
  /** Queues an item for the next run. */
  offer(item: T): void;
  /** Takes back everything not yet in a run. */
  drain(): readonly T[];
  readonly waiting: number;
  /** Runs under way. */
  readonly running: number;
}

interface SchedulerOptions<T> {
  /** Runs at once. */
  readonly slots: number;
  readonly batching: Batching;
  /** One run; the slot is free again when it resolves. Must not reject. */
  readonly run: (items: readonly T[]) => Promise<void>;
  readonly now: () => number;
}

/**
 * Forms runs. While nothing is running, what is there runs at once; while something is running and a slot
 * is free, a run starts when it is full or its first item has waited `maxWaitMs`. Without batching every
 * item is a full run.
 */
export function createRunScheduler<T>({ slots, batching, run, now }: SchedulerOptions<T>): RunScheduler<T> {
  let queue: Waiting<T>[] = [];
  let running = 0;
  let scheduled = false;
  let timer: NodeJS.Timeout | undefined;

  // Items of one receive arrive within one turn of the event loop: gather them before forming runs.
  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(dispatch);
  }

  function dispatch(): void {
    scheduled = false;
    clearTimeout(timer);
    while (queue.length > 0 && running < slots) {
      const waitMs = msToWait();
      if (waitMs > 0) {
        timer = setTimeout(dispatch, waitMs);
        return;
      }
      start(queue.splice(0, batching.maxSize));
    }
  }

  function msToWait(): number {
    const first = queue[0];
    if (!first || running === 0 || queue.length >= batching.maxSize) return 0;
    return Math.max(0, batching.maxWaitMs - (now() - first.since));
  }

  function start(items: readonly Waiting<T>[]): void {
    running++;
    void run(items.map(({ item }) => item)).then(() => {
      running--;
      dispatch();
    });
  }

  return {
    offer(item) {
      queue.push({ item, since: now() });
      if (batching.maxSize > 1) schedule();
      else dispatch();
    },
    drain() {
      clearTimeout(timer);
      const items = queue.map(({ item }) => item);
      queue = [];
      return items;
    },
    get waiting() {
      return queue.length;
    },
    get running() {
      return running;
    },
  };
}
