import { type HandlerDeps, httpHandler } from '#api';
import { holdsTasks, MAX_STALENESS_MS, type ModelSummary, memoize } from '#core';
import { exposeModels } from './exposition.ts';

const MAX_MODELS = 500;

/** `GET /metrics`. Reads the cached listing and one dead-letter count per model, at most every `MAX_STALENESS_MS`. */
export function createHandler(deps: HandlerDeps) {
  const { models, platform, lostCalls } = deps;
  const { tasks, clock } = platform;
  const givenUpOf = memoize((model) => tasks.countDeadLetters(model), {
    maxEntries: MAX_MODELS,
    maxAgeMs: MAX_STALENESS_MS,
    clock,
  });
  const oldestTaskAge = createOldestTaskAge();

  return httpHandler(
    deps,
    async function getMetrics() {
      const exposed = (await models.all()).map(async (summary) => ({
        ...summary,
        // One unknown value must not fail the scrape.
        deadLetters: await givenUpOf(summary.model.name).catch(() => undefined),
        oldestTaskAgeMs: oldestTaskAge(summary, clock.now()),
      }));
      const { text, contentType } = await exposeModels(
        await Promise.all(exposed),
        lostCalls ? { lostCalls: lostCalls() } : {},
      );
      return { statusCode: 200, headers: { 'Content-Type': contentType }, body: text };
    },
    // Scrapers prefer newer formats, but accept this one.
    { produces: '*' },
  );
}

/** Age of a model's oldest unfinished task in milliseconds. Undefined when unknown. */
export type OldestTaskAge = (summary: ModelSummary, now: number) => number | undefined;

/**
 * Instances report the oldest task that they hold. Queues deliver roughly in order, so waiting tasks are hardly older.
 * Without a ready instance, the age is the time for which this process has seen tasks wait: a lower bound. An exact
 * value would need an index with two more writes per task.
 */
function createOldestTaskAge(): OldestTaskAge {
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
