import type { HandlerDeps, HttpRequest, ProxyResult } from '#api';
import { contractOf } from '#contract';
import {
  encodeEnvelope,
  type JsonObject,
  type LoggedPrediction,
  ModelyardError,
  type MonitorReport,
  type Task,
} from '#core';
import type { Lifecycle } from '#lifecycle/lifecycle.ts';
import { handle } from '#lifecycle/monitoring/handlers.ts';
import { FertilityRequest, FertilityResponse } from '#proto/models/fertility.ts';
import type { useLifecycle } from '#test/lifecycle/support.ts';
import { orderOf, storeTrainingSet } from '#test/lifecycle/training/support.ts';
import { aFreshTask } from '#test/support/tasks.ts';

type Lifecycles = ReturnType<typeof useLifecycle>;

export const MODEL = 'rates';
export const HOUR = 3_600_000;
/** The start of a window that is over. */
export const WINDOW = Math.floor(Date.now() / HOUR) * HOUR - 24 * HOUR;

const CONTRACT = contractOf(FertilityRequest, FertilityResponse);

/** What the instance of a model hands on: as many predictions, one a second from `at`, whose rates begin at `rate`. */
export function recordsOf(
  name: string,
  count: number,
  { at = WINDOW, rate = 3, version = '1', owner = 'someone', shadow = false } = {},
) {
  return Array.from({ length: count }, (_, index): LoggedPrediction => {
    const request = FertilityRequest.encode({
      rate: rate + (index % 50) / 10,
      change_1y: -0.1 + (index % 3) / 100,
      change_5y: 0,
    });
    const response = FertilityResponse.encode({ next_rate: rate + (index % 50) / 10 - 0.1, model_version: version });
    return {
      ...{ id: `${name}-${index}`, owner, at: at + index * 1000 },
      ...{ contract: CONTRACT.hash, response_contract: CONTRACT.hash, ...(shadow ? { shadow } : {}) },
      request: Buffer.from(request).toString('base64'),
      response: Buffer.from(response).toString('base64'),
    };
  });
}

/** Stores the contract, as the registration of an instance does. */
export const register = (lifecycle: Lifecycle) => lifecycle.platform.contracts.put(CONTRACT);

/** Arguments of the stage `log`. */
export const batchOf = (records: readonly LoggedPrediction[], more: JsonObject = {}): JsonObject => ({
  ...{ model: MODEL, instance: 'instance-1', share: 1, sequence: 1 },
  records: records as unknown as JsonObject[],
  ...more,
});

/** A lifecycle that has trained version 1 of the model. */
export async function openTrained(lifecycles: Lifecycles): Promise<Lifecycle> {
  const lifecycle = await lifecycles.open();
  await register(lifecycle);
  await lifecycles.run(lifecycle, 'training', 'train', orderOf(await storeTrainingSet(lifecycle)));
  return lifecycle;
}

/** The stages of the service on the lifecycle of a test, and one window of its report. */
export const stagesOf = (lifecycles: Lifecycles, opened: () => Lifecycle) => ({
  log: (records: readonly LoggedPrediction[], more: JsonObject = {}) =>
    lifecycles.run(opened(), 'monitoring', 'log', batchOf(records, more)),
  compute: (start_at = WINDOW, version = '1') =>
    lifecycles.run(opened(), 'monitoring', 'compute', { model: MODEL, version, start_at }),
  windowAt: async (start = WINDOW) =>
    (await reportOf(opened())).windows.find((window) => window.start === new Date(start).toISOString()),
});

/** Stores the tasks of records, as if an instance had answered them. */
export async function storeTasks(
  { platform }: Lifecycle,
  records: readonly LoggedPrediction[],
  { instance = 'instance-1', model = MODEL } = {},
) {
  for (const { id, owner, at, request, response } of records) {
    const bytes = Buffer.from(request ?? '', 'base64');
    const envelope = encodeEnvelope({
      ...{
        taskId: id,
        model,
        owner,
        contractHash: CONTRACT.hash,
        deadlineAt: at + 100 * HOUR,
        submittedAt: at,
        copy: 0,
      },
      request: { kind: 'inline', bytes },
    });
    const task: Task = aFreshTask({ id, owner, model, contractHash: CONTRACT.hash, createdAt: at });
    await platform.tasks.create(task);
    await platform.tasks.apply(id, {
      ...{ type: 'succeeded', fence: 1, attempts: 1, startedAt: at, at: at + 10, instance, envelope },
      result: {
        contractHash: CONTRACT.hash,
        payload: { kind: 'inline', bytes: Buffer.from(response ?? '', 'base64') },
      },
    });
  }
}

export const reportOf = async (lifecycle: Lifecycle, more: JsonObject = {}): Promise<MonitorReport> =>
  (await lifecycle.ask('monitoring', 'monitor', { model: MODEL, ...more })) as unknown as MonitorReport;

/** Events in the outbox, delivered or not. */
export async function eventsOf(lifecycle: Lifecycle, type: string): Promise<readonly JsonObject[]> {
  const { query } = await lifecycle.stores.database<{ outbox: { type: string; payload: string; created_at: number } }>(
    'monitoring',
    {},
  );
  const rows = await query.selectFrom('outbox').selectAll().where('type', '=', type).orderBy('created_at').execute();
  return rows.map(({ payload }) => JSON.parse(payload) as JsonObject);
}

interface AskedRoute {
  readonly body?: JsonObject;
  readonly owner?: string;
  readonly role?: 'user' | 'operator';
  /** @default a model that is served */
  readonly model?: string;
}

/** Answers whether models are served, as the directory of a gateway does. */
const directory = {
  async known(name: string) {
    if (name.startsWith(MODEL)) return {};
    throw new ModelyardError('model_not_found', 'There is no model of this name.');
  },
} as unknown as HandlerDeps['models'];

/** Answers a route as the handler of the lifecycle does. */
export async function ask(
  lifecycle: Lifecycle,
  route: string,
  { body = {}, owner = 'someone', role = 'user', model = MODEL }: AskedRoute = {},
): Promise<ProxyResult & { readonly fields: JsonObject }> {
  const [method = '', path = ''] = route.split(' ');
  const request = {
    ...{ method, route: path, caller: { id: owner, name: owner, role }, signal: new AbortController().signal },
    ...{ body: () => Buffer.from(JSON.stringify(body)), param: () => model, headers: { list: () => undefined }, path },
    query: { integer: () => undefined },
  } as unknown as HttpRequest;
  const deps = { models: directory } as HandlerDeps;
  const answer = await handle({ ...lifecycle, deps }, request);
  return { ...answer, fields: JSON.parse(String(answer.body)) as JsonObject };
}
