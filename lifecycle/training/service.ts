import { type HttpRequest, json, type ProxyResult } from '#api';
import type { JsonObject } from '#core';
import { jsonBody } from '../json-body.ts';
import { databaseOf, type Lifecycle } from '../lifecycle.ts';
import { requireModel } from '../require-model.ts';
import type { Query, Service, ServingLifecycle } from '../service.ts';
import { evaluateVersion } from './evaluate-version.ts';
import { manifest } from './manifest.ts';
import { answerMlflow, type MlflowAnswer } from './mlflow/answer.ts';
import { versionOf } from './mlflow/model-versions.ts';
import type { Tracking } from './mlflow/tracking.ts';
import type { TrainingTables } from './tables.ts';
import { trainVersion } from './train-version.ts';
import { trainerHash } from './trainers/find-trainer.ts';
import { eraseAuthor, exportAuthor } from './user-author.ts';
import { describeVersion, listVersions, pointAlias, versionsTrainedOn } from './versions.ts';

async function trackingOf(lifecycle: Lifecycle, user: string): Promise<Tracking> {
  const database = await databaseOf<TrainingTables>(lifecycle, manifest);
  return { database, clock: lifecycle.platform.clock, user };
}

const versionQuery: Query = async (lifecycle, args) => {
  const tracking = await trackingOf(lifecycle, 'system');
  return describeVersion(tracking, String(args.model), String(args.version));
};

const versionsQuery: Query = async (lifecycle, args) => {
  const tracking = await trackingOf(lifecycle, 'system');
  return { versions: await listVersions(tracking, String(args.model)) };
};

const isRegisteredQuery: Query = async (lifecycle, { model }) => {
  const { database } = await trackingOf(lifecycle, 'system');
  const models = database.query.selectFrom('registered_models').select('name').where('name', '=', String(model));
  return { registered: (await models.executeTakeFirst()) !== undefined };
};

const trainedOnQuery: Query = async (lifecycle, { hashes }) => {
  const tracking = await trackingOf(lifecycle, 'system');
  return { versions: await versionsTrainedOn(tracking, Array.isArray(hashes) ? hashes.map(String) : []) };
};

const aliasQuery: Query = async (lifecycle, args) => {
  const tracking = await trackingOf(lifecycle, 'system');
  const version = await versionOf(tracking, String(args.model), String(args.version));
  await pointAlias(tracking, { model: version.model, alias: String(args.alias), version: version.version });
  return {};
};

async function handle(lifecycle: ServingLifecycle, request: HttpRequest): Promise<ProxyResult> {
  const tracking = await trackingOf(lifecycle, request.caller.name ?? request.caller.id);
  if (!request.route.startsWith('/mlflow/')) {
    const versions = await listVersions(tracking, request.param('model'));
    if (versions.length === 0) await requireModel(lifecycle, request.param('model'));
    return json(200, { versions });
  }
  const answer = await answerMlflow(tracking, lifecycle.stores.artifacts, {
    method: request.method,
    path: request.param('path'),
    fields: () => fieldsOf(request),
    bytes: () => request.body(),
  });
  return resultOf(answer);
}

function fieldsOf(request: HttpRequest): JsonObject {
  if (request.method === 'GET' || request.body().byteLength === 0) return request.query.all();
  return jsonBody(request);
}

function resultOf(answer: MlflowAnswer): ProxyResult {
  if ('json' in answer) return json(answer.status, answer.json);
  const headers = { 'Content-Type': 'application/octet-stream' };
  return {
    statusCode: answer.status,
    headers,
    body: Buffer.from(answer.bytes).toString('base64'),
    isBase64Encoded: true,
  };
}

/** Experiments, runs and versions, tracked by the REST API of MLflow. */
export const training: Service = {
  manifest,
  // Another trainer may be edited without an effect on this one.
  inputs: { train: { read: async (_, { trainer }) => ({ trainer: await trainerHash(String(trainer)) }) } },
  stages: { train: trainVersion, evaluate: evaluateVersion, erase: eraseAuthor, export: exportAuthor },
  queries: {
    version: versionQuery,
    versions: versionsQuery,
    'is-registered': isRegisteredQuery,
    'trained-on': trainedOnQuery,
    'point-alias': aliasQuery,
  },
  handle,
};
