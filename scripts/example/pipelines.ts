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

export interface Challenger {
  readonly name: string;
  readonly trainer: string;
  readonly params: Readonly<Record<string, unknown>>;
}

interface DataVersions {
  readonly known: number;
  readonly outcomes: number;
  /** The dataset of the outcomes. @default that of all years */
  readonly labels?: string;
}

/** From the versions of the datasets to a deployed version, if it passes the gate. */
export const pipelineOf = (
  { name, trainer, params }: Challenger,
  { known, outcomes, labels = 'fertility_outcomes' }: DataVersions,
): Pipeline => ({
  name,
  stages: [
    { name: 'materialize', uses: 'features.materialize', params: { view: VIEW, dataset_version: known } },
    {
      name: 'join',
      uses: 'features.make-training-set',
      after: ['materialize'],
      params: {
        labels: { dataset: labels, version: outcomes },
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
    },
  ],
});

/** Trains again on the newest outcomes when the data has drifted, at most once in 30 seconds. */
export const retrainingOf = (challenger: Challenger, data: Omit<DataVersions, 'outcomes'>): Pipeline => {
  const { stages, ...pipeline } = pipelineOf(challenger, { ...data, outcomes: 0 });
  return {
    ...pipeline,
    retraining: { model: MODEL, window_seconds: 30 },
    // What is newest is not a parameter.
    stages: stages.map((stage) =>
      stage.name === 'join'
        ? { ...stage, cache: false, params: { ...stage.params, labels: { dataset: data.labels ?? '' } } }
        : stage,
    ),
  };
};
