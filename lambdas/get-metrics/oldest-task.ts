import { holdsTasks, type ModelSummary } from '#core';

/** The age of the oldest task of a model that has not ended, in milliseconds; undefined when it is unknown. */
export type OldestTaskAge = (summary: ModelSummary, now: number) => number | undefined;

/**
 * Makes a reader of ages. Instances tell of the oldest task in their hands: tasks are received in about the
 * order they were submitted, so none in the queue is much older. No queue tells of tasks that nobody receives,
 * and an index of them would cost every task two writes; so this remembers since when it has seen tasks
 * wait for a model that nobody serves, which is how old the oldest of them is at least.
 */
export function createOldestTaskAge(): OldestTaskAge {
  const waitingSince = new Map<string, number>();

  function sinceOf({ model: { name }, serving, depth }: ModelSummary, now: number): number | undefined {
    // One count is missing; the wait goes on.
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
