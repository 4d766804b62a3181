import { type HttpRequest, json, type ProxyResult } from '#api';
import {
  type Alert,
  type AlertChannel,
  isSilencing,
  type JsonObject,
  ModelyardError,
  type WebhookAttempt,
} from '#core';
import { userStages } from '../export-user.ts';
import type { Lifecycle } from '../lifecycle.ts';
import type { Service, ServingLifecycle } from '../service.ts';
import { toSilence } from './change-alert.ts';
import { deliverReports } from './deliver.ts';
import { reportDueAlerts } from './in-time.ts';
import { manifest } from './manifest.ts';
import { judgeMissing } from './missing-windows.ts';
import { observeDrift, observeWindow } from './observe.ts';
import { deleteRule, listRules, putRule } from './rules.ts';
import { deleteSilence, listSilences, postSilence } from './silences.ts';
import { type AlertRow, alertsDatabase, type DeliveryRow, type SilenceRow } from './tables.ts';
import { judgeTasks } from './task-windows.ts';

type Handle = (lifecycle: ServingLifecycle, request: HttpRequest) => Promise<ProxyResult>;

const MAX_LISTED = 1000;
const DEFAULT_LISTED = 100;

const timeOf = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

/** The newest first; `?state=` and `?model=` choose. */
const listAlerts: Handle = async (lifecycle, request) => {
  const state = request.query.word('state', ['firing', 'resolved']);
  const model = request.query.one('model');
  const limit = request.query.integer('limit', { min: 1, max: MAX_LISTED }) ?? DEFAULT_LISTED;
  return json(200, { alerts: await readAlerts(lifecycle, { state, model, limit }) });
};

interface AlertQuery {
  readonly state?: AlertRow['state'] | undefined;
  readonly model?: string | undefined;
  readonly limit: number;
}

async function readAlerts(lifecycle: Lifecycle, { state, model, limit }: AlertQuery): Promise<JsonObject[]> {
  const { query } = await alertsDatabase(lifecycle);
  const now = lifecycle.platform.clock.now();
  let alerts = query.selectFrom('alerts').selectAll();
  if (state !== undefined) alerts = alerts.where('state', '=', state);
  if (model !== undefined) alerts = alerts.where('model', '=', model);
  const rows = await alerts.orderBy('started_at', 'desc').orderBy('fingerprint').limit(limit).execute();
  const silences = await query.selectFrom('silences').selectAll().where('ends_at', '>', now).execute();
  return rows.map((row) => presentAlert(row, silences, now));
}

function presentAlert(row: AlertRow, silences: readonly SilenceRow[], now: number): JsonObject {
  const { reason, startedAt, resolvedAt, reportedAt, window, goodWindows } = JSON.parse(row.alert) as Alert;
  return {
    ...{ fingerprint: row.fingerprint, state: row.state, rule: row.rule, model: row.model },
    version: row.version === '' ? null : row.version,
    ...{ feature: row.feature === '' ? null : row.feature, reason, started_at: timeOf(startedAt) },
    ...{ resolved_at: timeOf(resolvedAt), reported_at: timeOf(reportedAt) },
    ...{ last_window: timeOf(window), good_windows: goodWindows },
    silenced: silences.some((silence) => isSilencing(toSilence(silence), row, now)),
  };
}

const listDeliveries: Handle = async (lifecycle, request) => {
  const fingerprint = request.param('fingerprint');
  const { query } = await alertsDatabase(lifecycle);
  const found = await query
    .selectFrom('alerts')
    .select('fingerprint')
    .where('fingerprint', '=', fingerprint)
    .executeTakeFirst();
  if (!found) throw new ModelyardError('resource_not_found', 'There is no such alert.');
  const rows = await query
    .selectFrom('deliveries')
    .selectAll()
    .where('fingerprint', '=', fingerprint)
    .orderBy('created_at', 'desc')
    .limit(MAX_LISTED)
    .execute();
  return json(200, { deliveries: rows.map(presentDelivery) });
};

const presentDelivery = (row: DeliveryRow): JsonObject => ({
  ...{ id: row.id, event: (JSON.parse(row.body) as { readonly type: string }).type, state: row.state },
  channel: { ...(JSON.parse(row.channel) as AlertChannel) },
  ...{ created_at: timeOf(row.created_at), next_attempt_at: row.state === 'pending' ? timeOf(row.due_at) : null },
  attempts: (JSON.parse(row.attempts) as WebhookAttempt[]).map(({ at, durationMs, status, error }) => ({
    ...{ at: timeOf(at), duration_ms: durationMs, status: status ?? null, error: error ?? null },
  })),
});

const HANDLES: Readonly<Record<string, Handle>> = {
  'GET /alerts': listAlerts,
  'GET /alerts/{fingerprint}/deliveries': listDeliveries,
  'GET /alert-rules': listRules,
  'PUT /alert-rules/{rule}': putRule,
  'DELETE /alert-rules/{rule}': deleteRule,
  'GET /silences': listSilences,
  'POST /silences': postSilence,
  'DELETE /silences/{id}': deleteSilence,
};

/** Reports problems of a model once, and reports their end. */
export const alerts: Service = {
  manifest,
  stages: {
    drift: observeDrift,
    window: observeWindow,
    ...userStages(manifest, [
      { table: 'rules', key: 'name', columns: ['updated_by'] },
      { table: 'silences', key: 'id', columns: ['created_by'] },
      { table: 'deliveries', key: 'id', columns: ['owner'] },
    ]),
  },
  queries: {
    /** The newest alerts of a model. */
    alerts: async (lifecycle, { model }) => ({
      alerts: await readAlerts(lifecycle, { model: String(model), limit: DEFAULT_LISTED }),
    }),
  },
  async tick(lifecycle) {
    await judgeTasks(lifecycle);
    await judgeMissing(lifecycle);
    await reportDueAlerts(lifecycle);
    await deliverReports(lifecycle);
  },
  async handle(lifecycle, request) {
    const handle = HANDLES[`${request.method} ${request.route}`];
    if (!handle) throw new ModelyardError('route_not_found', 'There is no such route.');
    return handle(lifecycle, request);
  },
};
