import { type HttpRequest, JSON_TYPE, json, negotiate, type ProxyResult } from '#api';
import {
  BACKFILL_STEPS,
  CONTAINER_OPERATION,
  isRecord,
  logicalDates,
  ModelyardError,
  type Pipeline,
  pipelineFault,
} from '#core';
import { userStages } from '../export-user.ts';
import { invalidField, jsonBody } from '../json-body.ts';
import type { Lifecycle } from '../lifecycle.ts';
import type { Service } from '../service.ts';
import { type Backfill, continueBackfill, firstOpenStage } from './backfills.ts';
import { manifest } from './manifest.ts';
import { logOf, presentRun } from './present-run.ts';
import { retrain } from './retraining.ts';
import { runPage } from './run-page.ts';
import { runStep } from './run-step.ts';
import { scheduleFault, startDueRuns } from './schedules.ts';
import { proceed, queueStages, resumeRuns, startRun } from './start-runs.ts';
import { pipelinesDatabase, readRun, type StoredRun, toStored } from './stored-runs.ts';
import { catchUpEvents, startByEvents } from './triggers.ts';

const MAX_LISTED = 100;
const HTML_TYPE = 'text/html';

type Handle = (lifecycle: Lifecycle, request: HttpRequest) => Promise<ProxyResult>;

async function readPipeline(lifecycle: Lifecycle, name: string): Promise<Pipeline> {
  const { query } = await pipelinesDatabase(lifecycle);
  const row = await query.selectFrom('pipelines').selectAll().where('name', '=', name).executeTakeFirst();
  if (!row) throw new ModelyardError('resource_not_found', `There is no pipeline ${name}.`);
  return JSON.parse(row.definition) as Pipeline;
}

const putPipeline: Handle = async (lifecycle, request) => {
  const body = jsonBody(request);
  if (!Array.isArray(body.stages) || !body.stages.every(isRecord)) {
    throw invalidField('/stages', 'must be a list of stages');
  }
  const stages = body.stages.map((stage) => ('image' in stage ? { uses: CONTAINER_OPERATION, ...stage } : stage));
  const pipeline = { ...body, stages, name: request.param('pipeline') } as unknown as Pipeline;
  const fault = pipelineFault(pipeline);
  if (fault) throw invalidField(fault.path.replace(/^pipeline/, '').replaceAll('.', '/'), `must be ${fault.must}`);
  for (const [at, { uses }] of pipeline.stages.entries()) {
    const isKnown = uses === CONTAINER_OPERATION || (await lifecycle.hasStage(uses));
    if (!isKnown) throw invalidField(`/stages/${at}/uses`, 'must be a stage of a service, such as training.train');
  }
  const schedule = scheduleFault(pipeline.schedule);
  if (schedule !== undefined) throw invalidField('/schedule', schedule);
  const values = {
    definition: JSON.stringify(pipeline),
    owner: request.caller.id,
    updated_at: lifecycle.platform.clock.now(),
  };
  const { query } = await pipelinesDatabase(lifecycle);
  await query
    .insertInto('pipelines')
    .values({ name: pipeline.name, ...values })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(values))
    .execute();
  return json(200, pipeline);
};

const listPipelines: Handle = async (lifecycle) => {
  const { query } = await pipelinesDatabase(lifecycle);
  const rows = await query.selectFrom('pipelines').selectAll().orderBy('name').execute();
  return json(200, { pipelines: rows.map(({ definition }) => JSON.parse(definition)) });
};

const getPipeline: Handle = async (lifecycle, request) =>
  json(200, await readPipeline(lifecycle, request.param('pipeline')));

const accepted = (stored: StoredRun): ProxyResult =>
  json(202, presentRun(stored), { Location: `/pipelines/${stored.pipeline}/runs/${stored.id}` });

const postRun: Handle = async (lifecycle, request) => {
  const pipeline = await readPipeline(lifecycle, request.param('pipeline'));
  const today = new Date(lifecycle.platform.clock.now()).toISOString().slice(0, 10);
  const { logical_date: logicalDate = today } = jsonBody(request);
  if (typeof logicalDate !== 'string') throw invalidField('/logical_date', 'must be a date such as 2026-01-31');
  logicalDates(logicalDate, logicalDate, 'day');
  return accepted(await startRun(lifecycle, { pipeline, owner: request.caller.id, logicalDate }));
};

const postBackfill: Handle = async (lifecycle, request) => {
  const pipeline = await readPipeline(lifecycle, request.param('pipeline'));
  const { from, to, step = 'day' } = jsonBody(request);
  if (typeof from !== 'string') throw invalidField('/from', 'must be a date such as 2026-01-31');
  if (typeof to !== 'string') throw invalidField('/to', 'must be a date such as 2026-01-31');
  const known = BACKFILL_STEPS.find((each) => each === step);
  if (!known) throw invalidField('/step', `must be one of ${BACKFILL_STEPS.join(', ')}`);
  const backfill: Backfill = { from, to, step: known };
  return accepted(await continueBackfill(lifecycle, backfill, { pipeline, owner: request.caller.id }));
};

const listRuns: Handle = async (lifecycle, request) => {
  await readPipeline(lifecycle, request.param('pipeline'));
  const { query } = await pipelinesDatabase(lifecycle);
  const limit = request.query.integer('limit', { min: 1, max: MAX_LISTED }) ?? MAX_LISTED;
  const rows = await query
    .selectFrom('runs')
    .selectAll()
    .where('pipeline', '=', request.param('pipeline'))
    .orderBy('created_at', 'desc')
    .limit(limit)
    .execute();
  return json(200, { runs: rows.map((row) => presentRun(toStored(row))) });
};

async function requestedRun(lifecycle: Lifecycle, request: HttpRequest): Promise<StoredRun> {
  const stored = await readRun(lifecycle, request.param('id'));
  if (stored.pipeline === request.param('pipeline')) return stored;
  throw new ModelyardError('resource_not_found', `The pipeline has no run ${stored.id}.`);
}

/** Reading a run also continues one whose process has ended. */
const getRun: Handle = async (lifecycle, request) => {
  const stored = await queueStages(lifecycle, await requestedRun(lifecycle, request));
  const shown = { ...presentRun(stored), log: await logOf(lifecycle, stored.id) };
  const wantsPage = negotiate(request.headers.list('accept'), [JSON_TYPE, HTML_TYPE]) === HTML_TYPE;
  if (!wantsPage) return json(200, shown);
  return { statusCode: 200, headers: { 'Content-Type': `${HTML_TYPE}; charset=utf-8` }, body: runPage(shown) };
};

const cancelRun: Handle = async (lifecycle, request) => {
  const { id } = await requestedRun(lifecycle, request);
  return accepted(await proceed(lifecycle, id, { type: 'canceled', at: lifecycle.platform.clock.now() }));
};

const retryRun: Handle = async (lifecycle, request) => {
  const stored = await requestedRun(lifecycle, request);
  const { from = firstOpenStage(stored) } = jsonBody(request);
  if (stored.run.state === 'running') throw new ModelyardError('conflict', 'The run has not ended.');
  if (typeof from !== 'string' || !Object.hasOwn(stored.run.stages, from))
    throw invalidField('/from', 'must be the name of a stage');
  return accepted(await proceed(lifecycle, stored.id, { type: 'retried', from }));
};

const HANDLES: Readonly<Record<string, Handle>> = {
  'GET /pipelines': listPipelines,
  'PUT /pipelines/{pipeline}': putPipeline,
  'GET /pipelines/{pipeline}': getPipeline,
  'GET /pipelines/{pipeline}/runs': listRuns,
  'POST /pipelines/{pipeline}/runs': postRun,
  'POST /pipelines/{pipeline}/backfill': postBackfill,
  'GET /pipelines/{pipeline}/runs/{id}': getRun,
  'POST /pipelines/{pipeline}/runs/{id}/cancel': cancelRun,
  'POST /pipelines/{pipeline}/runs/{id}/retry': retryRun,
};

/** Pipelines of stages, their runs and backfills. */
export const pipelines: Service = {
  manifest,
  stages: {
    step: runStep,
    retrain,
    ...userStages(manifest, [
      { table: 'pipelines', key: 'name', columns: ['owner'] },
      { table: 'runs', key: 'id', columns: ['owner', 'document'], version: 'version' },
      { table: 'results', key: 'key', columns: ['output'] },
      { table: 'log_lines', key: 'id', columns: ['text'] },
    ]),
  },
  take: (lifecycle, event) => startByEvents(lifecycle, [event]),
  async tick(lifecycle, { since, until }) {
    await startDueRuns(lifecycle, since, until);
    await catchUpEvents(lifecycle);
    await resumeRuns(lifecycle);
  },
  async handle(lifecycle, request) {
    const handle = HANDLES[`${request.method} ${request.route}`];
    if (!handle) throw new ModelyardError('route_not_found', 'There is no such route.');
    return handle(lifecycle, request);
  },
};
