import { createHash } from 'node:crypto';
import { ModelyardError } from '#core';
import { pythonOfThisProcess } from '#platform/trainer-settings.ts';
import { databaseOf, type Lifecycle } from '../lifecycle.ts';
import { addEvent } from '../outbox.ts';
import type { Stage } from '../service.ts';
import { COLUMNS_FILE, writeColumns } from '../versions/columns-file.ts';
import { modelFileIn, type Score, scorerOf, TOLERANCE } from '../versions/score.ts';
import { packFiles } from '../versions/version-files.ts';
import { manifest } from './manifest.ts';
import { putFile } from './mlflow/artifact-files.ts';
import { insertVersion } from './mlflow/model-versions.ts';
import { logValues } from './mlflow/run-values.ts';
import { setTags, type Tracking } from './mlflow/tracking.ts';
import type { TrainingTables } from './tables.ts';
import { findTrainer } from './trainers/find-trainer.ts';
import { errorsOf } from './trainers/metrics.ts';
import type { Trained } from './trainers/trainer.ts';
import { readOrder, type TrainingOrder } from './training-order.ts';
import { readTrainingSet, type TrainingSet } from './training-set.ts';

/**
 * Trains a version, evaluates it on the newest rows beside the persistence baseline, and registers it. The same order
 * on the same data and code is the same version.
 */
export const trainVersion: Stage = async (lifecycle, args, { owner, signal }) => {
  const order = readOrder(args);
  const { trainer, codeHash } = await findTrainer(order.trainer, {
    interpreter: pythonOfThisProcess(),
    scratch: lifecycle.stores.scratch,
  });
  const runId = createHash('sha256')
    .update(JSON.stringify([order, codeHash]))
    .digest('hex')
    .slice(0, 32);
  const database = await databaseOf<TrainingTables>(lifecycle, manifest);
  const tracking: Tracking = { database, clock: lifecycle.platform.clock, user: owner };
  const known = await outputOf(tracking, runId);
  if (known) return known;

  const set = await readTrainingSet(lifecycle, order.training_set, order, order.holdout);
  const startedAt = await startRun(tracking, runId, order);
  const trained = await trainer.train(set.train, { params: order.params, seed: order.seed, signal });
  signal.throwIfAborted();
  const score = await scorerOf(async (name) => trained.files[name] as Uint8Array, Object.keys(trained.files));
  await assertSame(trained, score);
  const metrics = await metricsOf(set, score);
  const files = { ...trained.files, [COLUMNS_FILE]: writeColumns(order.features) };
  const artifact = await packFiles(lifecycle.stores.artifacts, files);
  const folder = `${order.model}/${runId}/artifacts/model`;
  for (const [name, bytes] of Object.entries(files)) {
    await putFile(tracking, lifecycle.stores.artifacts, { path: `${folder}/${name}`, bytes });
  }
  const facts = {
    artifact: artifact.hash,
    data_hash: order.training_set,
    code_hash: codeHash,
    held_out_from: set.heldOutFrom,
    environment: JSON.stringify(trained.environment),
    order: JSON.stringify(order),
  };
  await logValues(tracking, runId, {
    params: Object.entries({ trainer: order.trainer, seed: order.seed, ...order.params }).map(([key, value]) => ({
      key,
      value: String(value),
    })),
    metrics: Object.entries(metrics).map(([key, value]) => ({ key, value, timestamp: startedAt, step: 0 })),
    tags: Object.entries(facts).map(([key, value]) => ({ key: `modelyard.${key}`, value })),
  });
  return register(lifecycle, tracking, { runId, order, source: `mlflow-artifacts:/${folder}`, metrics, facts });
};

/** The files must answer like the trainer that wrote them. */
async function assertSame({ files, probe }: Trained, score: Score): Promise<void> {
  const name = modelFileIn(Object.keys(files));
  if (name === undefined) return;
  const answers = await score(probe.x);
  const differs = probe.predictions.some(
    (value, at) => !(Math.abs(value - (answers[at] ?? Number.NaN)) <= TOLERANCE[name] * Math.max(1, Math.abs(value))),
  );
  if (differs) throw new ModelyardError('internal', `The file ${name} answers differently from its trainer.`);
}

type Metrics = Readonly<Record<string, number>>;

async function metricsOf({ train, holdout, baseline, incomplete }: TrainingSet, score: Score): Promise<Metrics> {
  const [own, naive] = [errorsOf(await score(holdout.x), holdout.y), errorsOf(baseline, holdout.y)];
  return {
    ...own,
    baseline_rmse: naive.rmse,
    baseline_mae: naive.mae,
    train_rmse: errorsOf(await score(train.x), train.y).rmse,
    train_rows: train.y.length,
    holdout_rows: holdout.y.length,
    incomplete_rows: incomplete,
  };
}

/** Resolves with the time at which the run has started first. */
async function startRun({ database, clock, user }: Tracking, runId: string, order: TrainingOrder): Promise<number> {
  const now = clock.now();
  const { model } = order;
  const { query } = database;
  const times = { created_at: now, updated_at: now };
  await query
    .insertInto('experiments')
    .values({
      id: model,
      name: model,
      artifact_location: `mlflow-artifacts:/${model}`,
      lifecycle_stage: 'active',
      ...times,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  await query
    .insertInto('registered_models')
    .values({ name: model, description: '', ...times })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  await query
    .insertInto('runs')
    .values({
      ...{ id: runId, experiment_id: model, name: `${order.trainer}-${runId.slice(0, 8)}`, user_id: user },
      ...{ status: 'RUNNING', start_time: now, end_time: null, lifecycle_stage: 'active', inputs: '{}', outputs: '{}' },
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const run = query.selectFrom('runs').select('start_time').where('id', '=', runId);
  return (await run.executeTakeFirstOrThrow()).start_time;
}

interface Registration {
  readonly runId: string;
  readonly order: TrainingOrder;
  readonly source: string;
  readonly metrics: Metrics;
  readonly facts: Readonly<Record<string, string>> & { readonly artifact: string };
}

/** Registers the version and its event together, once. */
async function register({ platform }: Lifecycle, tracking: Tracking, registration: Registration) {
  const { runId, order, source, metrics, facts } = registration;
  const now = platform.clock.now();
  await tracking.database.transaction(async (transaction) => {
    const known = transaction.selectFrom('model_versions').select('version').where('run_id', '=', runId);
    if (await known.executeTakeFirst()) return;
    const values = { model: order.model, source, run_id: runId, user_id: tracking.user, description: '', model_id: '' };
    const { version } = await insertVersion(transaction, { ...values, now });
    const tags = Object.entries(facts).map(([key, value]) => ({ key: `modelyard.${key}`, value }));
    await setTags(transaction, 'version', `${order.model}/${version}`, tags);
    await transaction.updateTable('runs').set({ status: 'FINISHED', end_time: now }).where('id', '=', runId).execute();
    const payload = { model: order.model, version: String(version), run: runId, artifact: facts.artifact, metrics };
    await addEvent(transaction as never, { type: 'version.trained', owner: tracking.user, payload, at: now });
  });
  const output = await outputOf(tracking, runId);
  if (!output) throw new ModelyardError('internal', 'The trained version was not registered.');
  return output;
}

/** The result of a finished run. */
async function outputOf({ database }: Tracking, runId: string) {
  const versions = database.query.selectFrom('model_versions').selectAll().where('run_id', '=', runId);
  const version = await versions.orderBy('version').executeTakeFirst();
  if (!version) return undefined;
  const rows = await database.query.selectFrom('latest_metrics').selectAll().where('run_id', '=', runId).execute();
  const tags = await database.query
    .selectFrom('tags')
    .selectAll()
    .where('kind', '=', 'version')
    .where('owner', '=', `${version.model}/${version.version}`)
    .where('key', '=', 'modelyard.artifact')
    .executeTakeFirst();
  return {
    model: version.model,
    version: String(version.version),
    run: runId,
    artifact: tags?.value ?? '',
    metrics: Object.fromEntries(rows.map(({ key, value }) => [key, value])),
  };
}
