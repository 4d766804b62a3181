import { type JsonObject, ModelyardError } from '#core';
import { databaseOf, type Lifecycle } from '../lifecycle.ts';
import type { Stage } from '../service.ts';
import { scorerOf } from '../versions/score.ts';
import { readVersionFiles } from '../versions/version-files.ts';
import { manifest } from './manifest.ts';
import type { TrainingTables } from './tables.ts';
import { errorsOf } from './trainers/metrics.ts';
import { readOrder } from './training-order.ts';
import { readTrainingSet } from './training-set.ts';
import { describeVersion } from './versions.ts';

/**
 * Compares a version with another one and with the baseline, on the rows that were held out from the version. `other`
 * may be missing.
 */
export const evaluateVersion: Stage = async (lifecycle, { model, version, other }, { owner }) => {
  const database = await databaseOf<TrainingTables>(lifecycle, manifest);
  const tracking = { database, clock: lifecycle.platform.clock, user: owner };
  const challenger = factsOf(await describeVersion(tracking, String(model), String(version)));
  const order = orderOf(challenger);
  const { holdout, baseline } = await readTrainingSet(lifecycle, order.training_set, order, order.holdout);
  const champion =
    other === undefined ? undefined : factsOf(await describeVersion(tracking, String(model), String(other)));
  const errors = async (facts: Facts) => {
    // Another version may read other columns of the same rows.
    const { features } = orderOf(facts);
    const rows = await readTrainingSet(lifecycle, order.training_set, { ...order, features }, order.holdout);
    const score = await scorer(lifecycle, facts.artifact);
    return errorsOf(await score(rows.holdout.x), rows.holdout.y).rmse;
  };
  return {
    metric: 'rmse',
    rows: holdout.y.length,
    challenger: await errors(challenger),
    baseline: errorsOf(baseline, holdout.y).rmse,
    ...(champion ? { champion: await errors(champion) } : {}),
    artifact: challenger.artifact,
    version: String(version),
  };
};

type Facts = Readonly<Record<string, string>> & { readonly artifact: string };

function factsOf({ facts, version }: JsonObject): Facts {
  const known = facts as Facts;
  if (known.artifact !== undefined) return known;
  throw new ModelyardError('invalid_input', `Version ${String(version)} was not trained here and cannot be deployed.`);
}

const orderOf = ({ order = '{}' }: Facts) => readOrder(JSON.parse(order) as JsonObject);

async function scorer({ stores }: Pick<Lifecycle, 'stores'>, artifact: string) {
  const files = await readVersionFiles(stores.artifacts, artifact);
  return scorerOf((name) => stores.artifacts.read(files[name] as string), Object.keys(files));
}
