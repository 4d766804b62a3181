import { type HandlerDeps, httpHandler } from '#api';
import { MAX_STALENESS_MS, memoize } from '#core';
import { exposeModels } from './exposition.ts';
import { createOldestTaskAge } from './oldest-task.ts';

const MAX_MODELS = 500;

/** `GET /metrics`. Reads the cached listing and one dead-letter count per model, at most every `MAX_STALENESS_MS`. */
export function createHandler(deps: HandlerDeps) {
  const { models, platform } = deps;
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
      const { text, contentType } = await exposeModels(await Promise.all(exposed));
      return { statusCode: 200, headers: { 'Content-Type': contentType }, body: text };
    },
    // Scrapers prefer newer formats, but accept this one.
    { produces: '*' },
  );
}
