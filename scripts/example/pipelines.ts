import type { Pipeline } from '#core';

export const MODEL = 'fertility';
export const VIEW = 'fertility_of_country';

const FEATURES = ['rate', 'change_1y', 'change_5y'];

/** The features of a country, for training and for predictions. */
export const FEATURE_VIEW = {
  entities: ['country'],
  source: { dataset: 'fertility' },
  timestamp: 'year_end',
  features: ['rate', 'rate_1y_ago', 'rate_5y_ago'],
  on_demand: { change_1y: 'rate - rate_1y_ago', change_5y: 'rate - rate_5y_ago' },
};

interface Challenger {
  readonly name: string;
  readonly trainer: string;
  readonly params: Readonly<Record<string, unknown>>;
}

interface DataVersions {
  readonly known: number;
  readonly outcomes: number;
}

/** From the versions of the datasets to a deployed version, if it passes the gate. */
export const pipelineOf = ({ name, trainer, params }: Challenger, { known, outcomes }: DataVersions): Pipeline => ({
  name,
  stages: [
    { name: 'materialize', uses: 'features.materialize', params: { view: VIEW, dataset_version: known } },
    {
      name: 'join',
      uses: 'features.make-training-set',
      after: ['materialize'],
      params: {
        labels: { dataset: 'fertility_outcomes', version: outcomes },
        timestamp: 'year_end',
        features: FEATURES.map((feature) => `${VIEW}:${feature}`),
      },
    },
    {
      name: 'train',
      uses: 'training.train',
      after: ['join'],
      params: {
        ...{ model: MODEL, trainer, params, seed: 7, training_set: '{{join.artifact}}' },
        ...{ features: FEATURES, label: 'next_rate', time: 'year_end', entity: 'country', baseline: 'rate' },
      },
    },
    {
      name: 'deploy',
      uses: 'serving.deploy',
      after: ['train'],
      params: { model: MODEL, version: '{{train.version}}' },
      // The decision depends on what is deployed.
      cache: false,
    },
  ],
});
