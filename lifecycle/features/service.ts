import type { Service } from '../service.ts';
import { handle } from './handlers.ts';
import { manifest } from './manifest.ts';
import { materialize } from './materialize.ts';
import { entityFeatures, explainSources, findTrainingSet } from './queries.ts';
import { makeTrainingSet } from './training-set.ts';

export const features: Service = {
  manifest,
  stages: { materialize, 'make-training-set': makeTrainingSet },
  queries: { online: entityFeatures, 'training-set': findTrainingSet, sources: explainSources },
  handle,
};
