import { createModelListing, type HandlerDeps, presentInstance, presentStats } from '#api';
import { listInstances, memoize, publicName, readStats } from '#core';
import type { Change } from './topic.ts';

type Deps = Pick<HandlerDeps, 'platform' | 'models'>;

/** As `GET /models/{model}/stats`. */
const MINUTES = 15;
const STATS_MAX_AGE_MS = 5000;
const MAX_MODELS = 500;

/**
 * Reads all models, their statistics and, for operators, their instances: one key for each of them, and one for the names
 * of all models.
 */
export function modelReader(deps: Deps, isOperator: boolean): () => Promise<ReadonlyMap<string, Change>> {
  const { platform, models } = deps;
  const listed = createModelListing(deps);
  const statsOf = memoize((model) => readStats(platform, { model, minutes: MINUTES }), {
    ...{ maxEntries: MAX_MODELS, maxAgeMs: STATS_MAX_AGE_MS, clock: platform.clock },
  });

  return async function readModels() {
    const [bodies, registered, unstarted] = await Promise.all([
      listed({ all: true, deadLetters: isOperator }),
      models.registered(),
      models.unstarted(),
    ]);
    const found = new Map<string, Change>();
    const set = (key: string, event: string, body: unknown) => found.set(key, { event, data: JSON.stringify(body) });
    for (const body of bodies) set(`model ${body.name}`, 'model', body);
    // After the models, so that who reads the names knows all of them.
    set('models', 'models', { names: bodies.map(({ name }) => name) });
    await Promise.all(
      registered.map(async ({ model: { name } }) => {
        set(`stats ${name}`, 'stats', presentStats(publicName(name), await statsOf(name)));
      }),
    );
    if (!isOperator) return found;
    await Promise.all(
      [...registered, ...unstarted].map(async (known) => {
        const model = publicName(known.model.name);
        const instances = (await listInstances(platform.instances, known)).map(presentInstance);
        set(`instances ${model}`, 'instances', { model, instances });
      }),
    );
    return found;
  };
}
