import { holdsTasks, type ModelSummary } from '#core';

/** Age of a model's oldest unfinished task in milliseconds. Undefined when unknown. */
export type OldestTaskAge = (summary: ModelSummary, now: number) => number | undefined;

/**
 * Instances report the oldest task that they hold. Queues deliver roughly in order, so waiting tasks are hardly older.
 * Without a ready instance, the age is the time for which this process has seen tasks wait: a lower bound. An exact
 * value would need an index with two more writes per task.
 */
export function createOldestTaskAge(): OldestTaskAge {
  const waitingSince = new Map<string, number>();

  function sinceOf({ model: { name }, serving, depth }: ModelSummary, now: number): number | undefined {
    // The depth is unknown now; the wait continues.
    if (depth === undefined) return waitingSince.get(name);
    const isWaiting = serving.length === 0 && holdsTasks(depth);
    if (isWaiting) waitingSince.set(name, waitingSince.get(name) ?? now);
    else waitingSince.delete(name);
    return waitingSince.get(name);
  }

  return function oldestTaskAge(summary, now) {
    const since = sinceOf(summary, now);
    const inHand = summary.live.map(({ oldestTaskAt }) => oldestTaskAt);
    const known = [since, ...inHand].filter((at) => at !== undefined);
    if (known.length > 0) return Math.max(0, now - Math.min(...known));
    const { depth } = summary;
    return depth && !holdsTasks(depth) ? 0 : undefined;
  };
}
