import { isArtifactHash, isModelName, isRecord, type JsonObject, ModelyardError } from '#core';
import type { TrainingColumns } from './training-set.ts';

/** The arguments of a training. */
export interface TrainingOrder extends TrainingColumns {
  /** Name of the registered model. */
  readonly model: string;
  readonly trainer: string;
  /** Of the trainer. */
  readonly params: JsonObject;
  /** @default 0 */
  readonly seed: number;
  /** Hash of a Parquet file. */
  readonly training_set: string;
  /** Share of the times that is held out, the newest ones. @default 0.2 */
  readonly holdout: number;
}

const HOLDOUT = 0.2;

/** Reads the arguments of the stage. Throws `invalid_input`. */
export function readOrder(args: JsonObject): TrainingOrder {
  const { model, trainer, params = {}, seed = 0, training_set, holdout = HOLDOUT, features, baseline } = args;
  const text = (name: string): string => {
    const value = args[name];
    return typeof value === 'string' && value !== '' ? value : refuse(name, 'a text');
  };
  if (typeof model !== 'string' || !isModelName(model)) return refuse('model', 'the name of a model');
  if (!isArtifactHash(training_set)) return refuse('training_set', 'the hash of a training set');
  if (!isRecord(params)) return refuse('params', 'an object');
  if (!Number.isSafeInteger(seed)) return refuse('seed', 'a whole number');
  if (typeof holdout !== 'number' || !(holdout > 0 && holdout < 1)) return refuse('holdout', 'between 0 and 1');
  if (!Array.isArray(features) || features.length === 0) return refuse('features', 'a list of columns');
  if (baseline !== undefined && typeof baseline !== 'string') return refuse('baseline', 'a column');
  return {
    ...{ model, trainer: typeof trainer === 'string' ? trainer : refuse('trainer', 'the name of a trainer') },
    ...{ params: params as JsonObject, seed: seed as number, training_set, holdout },
    ...{ features: features.map(String), label: text('label'), time: text('time'), entity: text('entity') },
    ...(baseline === undefined ? {} : { baseline }),
  };
}

function refuse(name: string, must: string): never {
  throw new ModelyardError('invalid_input', `The argument ${name} must be ${must}.`);
}
