import { type HttpRequest, json, type ProxyResult } from '#api';
import { jsonBody } from '../json-body.ts';
import { nameIn } from '../names.ts';
import type { ServingLifecycle } from '../service.ts';
import { stageAnswer } from '../stage-answer.ts';
import { manifest } from './manifest.ts';
import { readRecipe } from './recipe.ts';
import { findRecipe, openRecipes, presentRun } from './run-recipe.ts';

const MAX_LISTED = 1_000;

/** Answers the routes of `/recipes`. */
export async function handle(lifecycle: ServingLifecycle, request: HttpRequest): Promise<ProxyResult> {
  const recipe = nameIn(request.param('recipe'), 'recipe');
  if (request.route.endsWith('/runs')) {
    await findRecipe(lifecycle, recipe);
    return request.method === 'POST' ? start(lifecycle, request, recipe) : listRuns(lifecycle, request, recipe);
  }
  return request.method === 'PUT' ? putRecipe(lifecycle, request, recipe) : getRecipe(lifecycle, recipe);
}

/** `{"version": 3}` names the version of the dataset. */
function start(lifecycle: ServingLifecycle, request: HttpRequest, recipe: string): Promise<ProxyResult> {
  const { version } = jsonBody(request);
  const args = { recipe, ...(version === undefined ? {} : { version }) };
  return stageAnswer(lifecycle, request, { service: manifest.name, stage: 'run-recipe', args });
}

async function listRuns(lifecycle: ServingLifecycle, request: HttpRequest, recipe: string): Promise<ProxyResult> {
  const { query } = await openRecipes(lifecycle);
  const runs = await query
    .selectFrom('runs')
    .selectAll()
    .where('recipe', '=', recipe)
    .orderBy('created_at', 'desc')
    .limit(request.query.integer('limit', { min: 1, max: MAX_LISTED }) ?? 100)
    .execute();
  return json(200, { runs: runs.map(presentRun) });
}

async function getRecipe(lifecycle: ServingLifecycle, recipe: string): Promise<ProxyResult> {
  const { name, version, definition, last_output } = await findRecipe(lifecycle, recipe);
  return json(200, { name, version, last_output, ...definition });
}

async function putRecipe(lifecycle: ServingLifecycle, request: HttpRequest, name: string): Promise<ProxyResult> {
  const definition = JSON.stringify(readRecipe(jsonBody(request)));
  const database = await openRecipes(lifecycle);
  const changed = { definition, updated_at: lifecycle.platform.clock.now(), updated_by: request.caller.id };
  await database.transaction(async (transaction) => {
    const known = await transaction.selectFrom('recipes').selectAll().where('name', '=', name).executeTakeFirst();
    if (!known)
      await transaction
        .insertInto('recipes')
        .values({ name, version: 1, last_output: 0, ...changed })
        .execute();
    else if (known.definition !== definition) {
      const next = { ...changed, version: known.version + 1 };
      await transaction.updateTable('recipes').set(next).where('name', '=', name).execute();
    }
  });
  return getRecipe(lifecycle, name);
}
