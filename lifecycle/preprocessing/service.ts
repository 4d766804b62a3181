import { userStages } from '../export-user.ts';
import type { Service } from '../service.ts';
import { handle } from './handlers.ts';
import { manifest } from './manifest.ts';
import { findOutput, recipeInputs, runRecipe } from './run-recipe.ts';

export const preprocessing: Service = {
  manifest,
  stages: {
    'run-recipe': runRecipe,
    ...userStages(manifest, [
      { table: 'recipes', key: 'name', columns: ['updated_by'] },
      { table: 'runs', key: 'id', columns: ['created_by'] },
    ]),
  },
  inputs: { 'run-recipe': { read: recipeInputs } },
  queries: { output: findOutput },
  handle,
};
