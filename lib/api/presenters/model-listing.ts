import { memoize } from '#core';
import type { HandlerDeps } from '../http/handler-deps.ts';
import { type ModelBody, presentModel, presentUnstarted } from './model-presenter.ts';

/** Counts of a page that several people look at are read once. */
const MAX_AGE_MS = 5000;

interface ListedModels {
  /** Also models without a ready instance. */
  readonly all: boolean;
  /** Also counts the tasks that were given up, with one read of each model. */
  readonly deadLetters: boolean;
}

/** Lists models for `GET /models`, and for who follows them. */
export function createModelListing({ platform, models }: Pick<HandlerDeps, 'platform' | 'models'>) {
  const deadLettersOf = memoize((name) => platform.tasks.countDeadLetters(name), {
    maxEntries: 500,
    maxAgeMs: MAX_AGE_MS,
    clock: platform.clock,
  });

  return async function listModels({ all, deadLetters }: ListedModels): Promise<readonly ModelBody[]> {
    const [known, unstarted] = await Promise.all([all ? models.all() : models.active(), models.unstarted()]);
    const counted = async (body: ModelBody, name: string): Promise<ModelBody> =>
      // A model is listed without its count while the store is unavailable.
      deadLetters ? { ...body, dead_letters: await deadLettersOf(name).catch(() => null) } : body;
    return Promise.all([
      ...known.map((summary) => counted(presentModel(summary), summary.model.name)),
      ...unstarted.map((summary) => counted(presentUnstarted(summary), summary.model.name)),
    ]);
  };
}
