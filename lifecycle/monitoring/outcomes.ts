import { hash } from 'node:crypto';
import { type HttpRequest, json, type ProxyResult } from '#api';
import { inBatches, isRecord, type JsonValue, STAGE_MODEL, type Task } from '#core';
import { stageResult } from '#core/stages';
import { invalidField, jsonBody, refuseOthers } from '../json-body.ts';
import type { Lifecycle } from '../lifecycle.ts';
import type { ServingLifecycle } from '../service.ts';
import { startStage } from '../stages.ts';
import { monitoringDatabase } from './database.ts';
import { startDue } from './due.ts';
import { createReader } from './logged-record.ts';
import { manifest } from './manifest.ts';
import { type Asked, type Predicted, REFUSALS, recordOutcomes } from './record-outcomes.ts';
import { waitForStage } from './wait-for-stage.ts';

const MAX_OUTCOMES = 1000;
const MAX_READS = 20;
const MAX_TEXT = 1000;
/** How long a repeated request may find what the one before has begun. */
const REPEATED_MS = 600_000;
/** Other texts are ids of nothing. Databases and SQL do not take all of them. */
const POSSIBLE_ID = /^[\w.:-]{1,128}$/;

/** One entry of the answer, in the order of the request. */
interface OutcomeAnswer {
  readonly task_id: string;
  readonly status: 'recorded' | 'refused';
  readonly error?: { readonly code: string; readonly message: string };
}

/**
 * `POST /outcomes`: records the outcomes of predictions. Entries are independent: a refused one is counted and answered
 * with its error. Only the windows of recorded outcomes are computed again.
 */
export async function postOutcomes(lifecycle: ServingLifecycle, request: HttpRequest): Promise<ProxyResult> {
  const { outcomes, ...others } = jsonBody(request);
  refuseOthers(others, 'is not known; outcomes is');
  const isList = Array.isArray(outcomes) && outcomes.length > 0 && outcomes.length <= MAX_OUTCOMES;
  if (!isList) throw invalidField('/outcomes', `must be a list of 1 to ${MAX_OUTCOMES} outcomes`);
  const asked = outcomes.map(readAsked);
  const ids = new Set(asked.flatMap((each) => (each ? [each.task_id] : [])));
  const predictions = await findPredictions(
    lifecycle,
    request,
    [...ids].filter((id) => POSSIBLE_ID.test(id)),
  );
  const results = await recordOutcomes(lifecycle, { asked, predictions, owner: request.caller.id });
  await startDue(lifecycle);
  const answers = results.map((refusal, at): OutcomeAnswer => {
    const task_id = asked[at]?.task_id ?? idIn(outcomes[at]);
    return refusal
      ? { task_id, status: 'refused', error: { code: refusal, message: REFUSALS[refusal] } }
      : { task_id, status: 'recorded' };
  });
  const recorded = answers.filter(({ status }) => status === 'recorded').length;
  return json(200, { recorded, refused: answers.length - recorded, outcomes: answers });
}

function readAsked(entry: JsonValue): Asked | undefined {
  if (!isRecord(entry)) return undefined;
  const { task_id, value, ...others } = entry;
  if (typeof task_id !== 'string' || task_id === '' || Object.keys(others).length > 0) return undefined;
  const isText = typeof value === 'string' && value.length <= MAX_TEXT;
  const isValue = isText || typeof value === 'boolean' || Number.isFinite(value);
  return isValue ? { task_id, value: JSON.stringify(value) } : undefined;
}

const idIn = (entry: JsonValue | undefined): string =>
  isRecord(entry) && typeof entry.task_id === 'string' ? entry.task_id : '';

/** Predictions of the caller by id; operators see those of all. Older ones than their tasks are in the log. */
async function findPredictions(
  lifecycle: ServingLifecycle,
  { caller, signal }: HttpRequest,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Predicted>> {
  const mayReadAll = caller.role !== 'user';
  const read = createReader(lifecycle);
  const found = new Map<string, Predicted>();
  const missing: string[] = [];
  for (const batch of inBatches(ids, MAX_READS)) {
    const tasks = await Promise.all(batch.map((id) => lifecycle.platform.tasks.get(id)));
    for (const [at, task] of tasks.entries()) {
      if (!task) missing.push(batch[at] as string);
      else if (isPrediction(task) && (mayReadAll || task.owner === caller.id))
        found.set(task.id, { model: task.model, at: task.createdAt, isNumber: await isNumber(read, task) });
    }
  }
  if (missing.length === 0 || !(await hasBatches(lifecycle))) return found;
  const { deps, ...rest } = lifecycle;
  const args = { ids: missing, ...(mayReadAll ? {} : { owner: caller.id }) };
  // A repeated request waits for the stage that took too long for the one before.
  const key = `find/${hash('sha256', JSON.stringify(args))}/${Math.floor(lifecycle.platform.clock.now() / REPEATED_MS)}`;
  const started = await startStage(rest, { service: manifest.name, stage: 'find', args, owner: caller.id, key });
  const { predictions } = await stageResult(rest.platform, await waitForStage(deps, started, signal));
  for (const [id, at, model, isNumber] of predictions as readonly [string, number, string, boolean][]) {
    found.set(id, { at, model, isNumber });
  }
  return found;
}

/** Whether the answer predicts a number. False for one that is not in the task itself: its outcomes are not checked. */
async function isNumber(read: ReturnType<typeof createReader>, { id, owner, result, ...task }: Task): Promise<boolean> {
  if (result?.payload.kind !== 'inline') return false;
  const { prediction } = await read(
    {
      ...{ id, owner, at: task.createdAt, contract: task.contractHash, request: null },
      ...{ response_contract: result.contractHash, response: Buffer.from(result.payload.bytes).toString('base64') },
    },
    task.model,
    'answers',
  );
  return prediction !== null;
}

const isPrediction = ({ model, state, result }: Task): boolean =>
  model !== STAGE_MODEL && state === 'succeeded' && result !== undefined;

async function hasBatches(lifecycle: Lifecycle): Promise<boolean> {
  const { query } = await monitoringDatabase(lifecycle);
  return (await query.selectFrom('batches').select('id').limit(1).executeTakeFirst()) !== undefined;
}
