import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidInput, type SetupContext } from '#runtime/define-model.ts';
import { readColumns } from './columns-file.ts';
import { type Score, scorerOf } from './score.ts';

/** A deployed version in the memory of a model. */
export interface LoadedVersion {
  readonly version: string;
  /** Names of the fields of a request, in the order of the trained columns. */
  readonly features: readonly string[];
  readonly score: Score;
}

/** For the `setup` of a versioned model. Undefined before the first deployment. */
export async function loadVersion(weights: SetupContext['weights']): Promise<LoadedVersion | undefined> {
  if (!weights) return undefined;
  const read = (name: string) => readFile(join(weights.folder, name));
  const features = await readColumns(read);
  return { version: weights.version, features, score: await scorerOf(read, await readdir(weights.folder)) };
}

/** Predicts one request by the fields that the version was trained on. Throws `InvalidInput` before a deployment. */
export async function predictWith(loaded: LoadedVersion | undefined, request: object) {
  if (!loaded) throw new InvalidInput('No version of this model is deployed yet.');
  const fields = request as Readonly<Record<string, unknown>>;
  const row = loaded.features.map((name) => Number(fields[name]));
  const missing = loaded.features.filter((_, at) => !Number.isFinite(row[at]));
  if (missing.length > 0) throw new InvalidInput(`Version ${loaded.version} needs the fields ${missing.join(', ')}.`);
  const [prediction = Number.NaN] = await loaded.score([row]);
  return { prediction, model_version: loaded.version };
}
