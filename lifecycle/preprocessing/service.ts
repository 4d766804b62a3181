import type { Service } from '../service.ts';
import { handle } from './handlers.ts';
import { manifest } from './manifest.ts';
import { findOutput, runRecipe } from './run-recipe.ts';

export const preprocessing: Service = {
  manifest,
  stages: { 'run-recipe': runRecipe },
  queries: { output: findOutput },
  handle,
};
