import type { Service } from '../service.ts';
import { handle } from './handlers.ts';
import { manifest } from './manifest.ts';
import { findOutput, recipeInputs, runRecipe } from './run-recipe.ts';

export const preprocessing: Service = {
  manifest,
  stages: { 'run-recipe': runRecipe },
  inputs: { 'run-recipe': { read: recipeInputs } },
  queries: { output: findOutput },
  handle,
};
