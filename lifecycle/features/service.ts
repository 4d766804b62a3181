import { userStages } from '../export-user.ts';
import type { Service } from '../service.ts';
import { handle } from './handlers.ts';
import { trainingSetInputs, viewInputs } from './inputs.ts';
import { manifest } from './manifest.ts';
import { materialize } from './materialize.ts';
import { entityFeatures, explainSources, findTrainingSet, trainingSetsOf } from './queries.ts';
import { makeTrainingSet } from './training-set.ts';

export const features: Service = {
  manifest,
  stages: {
    materialize,
    'make-training-set': makeTrainingSet,
    ...userStages(manifest, [
      { table: 'entities', key: 'name', columns: ['created_by'] },
      { table: 'feature_views', key: 'name', columns: ['updated_by'] },
      { table: 'materializations', key: 'id', columns: ['created_by'] },
      { table: 'training_sets', key: 'id', columns: ['created_by', 'document'] },
    ]),
  },
  inputs: {
    materialize: { read: async (lifecycle, { view }) => viewInputs(lifecycle, String(view)) },
    'make-training-set': { read: trainingSetInputs },
  },
  queries: {
    online: entityFeatures,
    'training-set': findTrainingSet,
    'training-sets-of': trainingSetsOf,
    sources: explainSources,
  },
  handle,
};
