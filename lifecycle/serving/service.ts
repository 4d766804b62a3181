import { type HttpRequest, json, type ProxyResult } from '#api';
import { type JsonObject, ModelyardError } from '#core';
import { jsonBody, refuseOthers } from '../json-body.ts';
import { requireModel } from '../require-model.ts';
import type { Query, Service, ServingLifecycle, Stage } from '../service.ts';
import { stageAnswer } from '../stage-answer.ts';
import { assessRollout } from './assess-rollout.ts';
import { deploy } from './deploy.ts';
import { currentDeployment, listDeployments, presentDeployment } from './deployments.ts';
import { noteDrift } from './drift.ts';
import { judgeRollouts } from './judge-rollouts.ts';
import { entityPredictions, taskLineage } from './lineage.ts';
import { manifest } from './manifest.ts';
import { startDeployed } from './point-model.ts';
import { predictEntity } from './predict-entity.ts';
import { rollBack } from './roll-back.ts';
import { listRollouts, presentRollout } from './rollouts.ts';
import { rowPredictions } from './used-rows.ts';
import { erasePredictions, exportPredictions } from './user-predictions.ts';

const MAX_LISTED = 100;
type Handle = (lifecycle: ServingLifecycle, request: HttpRequest) => Promise<ProxyResult>;

const postDeployment: Handle = async (lifecycle, request) => {
  const model = request.param('model');
  const start = { service: manifest.name, stage: 'deploy', args: { ...jsonBody(request), model } };
  return stageAnswer(lifecycle, request, start, (result) => {
    if (result.state !== 'refused') return json(201, result);
    const reasons = result.reasons as readonly string[];
    throw new ModelyardError('conflict', `The version was not deployed. ${reasons.join(' ')}`, {
      errors: reasons.map((message) => ({ pointer: '/version', message })),
    });
  });
};

/** Not a stage: it must not wait for a worker. */
const postRollback: Handle = async (lifecycle, request) => {
  const run = { taskId: request.id, attempt: 1, owner: request.caller.id, signal: request.signal };
  const { version, ...others } = jsonBody(request);
  refuseOthers(others, 'is not known; version is');
  const model = request.param('model');
  if ((await currentDeployment(lifecycle, model)) === undefined) await requireModel(lifecycle, model);
  const args: JsonObject = { model, ...(version === undefined ? {} : { version }) };
  return json(201, await rollBack(lifecycle, args, run));
};

const getDeployments: Handle = async (lifecycle, request) => {
  const limit = request.query.integer('limit', { min: 1, max: MAX_LISTED }) ?? MAX_LISTED;
  const model = request.param('model');
  const rows = await listDeployments(lifecycle, model, limit);
  if (rows.length === 0) await requireModel(lifecycle, model);
  const rollouts = await listRollouts(lifecycle, model, limit);
  const presented = rollouts.map(async (row) =>
    presentRollout(row, row.state === 'running' ? await assessRollout(lifecycle, row) : undefined),
  );
  return json(200, { deployments: rows.map(presentDeployment), rollouts: await Promise.all(presented) });
};

const deployed: Query = async (lifecycle, { model }) => ({
  deployed: (await currentDeployment(lifecycle, String(model)))?.version ?? null,
});

/** For deployments without a process that stays: a schedule runs it. */
const judge: Stage = async (lifecycle, _, { signal }) => {
  await judgeRollouts(lifecycle, signal);
  return {};
};

const HANDLES: Readonly<Record<string, Handle>> = {
  'POST /models/{model}/deployments': postDeployment,
  'GET /models/{model}/deployments': getDeployments,
  'POST /models/{model}/rollback': postRollback,
  'POST /models/{model}/deployments/rollback': postRollback,
  'POST /entities/{entity}/{id}/predict/{model}': predictEntity,
  'GET /entities/{entity}/{id}/predictions': entityPredictions,
  'GET /tasks/{id}/lineage': taskLineage,
  'GET /datasets/{dataset}/versions/{version}/lines/{line}/predictions': rowPredictions,
};

/** Deployments of versions, predictions by entity, and the lineage of predictions. */
export const serving: Service = {
  manifest,
  queries: {
    /** The deployed version of a model, or null. */
    current: async (lifecycle, { model }) => ({
      version: (await currentDeployment(lifecycle, String(model)))?.version ?? null,
    }),
  },
  inputs: {
    // What the gate compares with. A decision stands while nothing else is deployed.
    deploy: {
      read: deployed,
      left: ({ state, version, previous }) => ({ deployed: state === 'deployed' ? version : previous }),
    },
  },
  stages: {
    deploy,
    'roll-back': rollBack,
    judge,
    'note-drift': noteDrift,
    erase: erasePredictions,
    export: exportPredictions,
  },
  async tick(lifecycle) {
    await startDeployed(lifecycle);
    await judgeRollouts(lifecycle, new AbortController().signal);
  },
  async handle(lifecycle, request) {
    const handle = HANDLES[`${request.method} ${request.route}`];
    if (!handle) throw new ModelyardError('route_not_found', 'There is no such route.');
    return handle(lifecycle, request);
  },
};
