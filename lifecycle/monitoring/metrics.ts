import { Counter, Gauge, Registry } from 'prom-client';
import type { ProxyResult } from '#api';
import type { Performance } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import { monitoringDatabase } from './database.ts';
import type { FindingRow, WindowRow } from './tables.ts';

/** After it, a version that was replaced has no metrics: it would drift for ever. */
const REPLACED_MS = 86_400_000;
const METRICS = ['mae', 'rmse', 'bias', 'accuracy'] as const;

/** `GET /lifecycle/metrics`: the newest judged window of each version, and outcomes. `docs/monitoring.md` lists all. */
export async function getMetrics(lifecycle: Pick<Lifecycle, 'stores'>): Promise<ProxyResult> {
  const registry = new Registry();
  const gauge = (name: string, help: string, labelNames: readonly string[]) =>
    new Gauge({ name: `modelyard_monitor_${name}`, help, labelNames: [...labelNames], registers: [registry] });
  const ofVersion = ['model', 'version'];
  const predictions = gauge('window_predictions', 'Predictions of the newest judged window.', ofVersion);
  const end = gauge('window_end_seconds', 'End of the newest judged window, Unix time.', ofVersion);
  const error = gauge('error', 'Errors of the newest judged window with outcomes.', [...ofVersion, 'metric']);
  const drifted = gauge('drifted', '1 if the feature has drifted, otherwise 0.', [...ofVersion, 'feature']);
  const drift = gauge('drift', 'The statistic of the feature.', [...ofVersion, 'feature', 'statistic']);
  const open = gauge('windows_waiting', 'Windows that have not been judged, or must be again.', ['model']);
  const recorded = gauge('outcomes', 'Recorded outcomes.', ['model']);
  const rebuilt = gauge('rebuilt_predictions', 'Predictions of lost buffers that were rebuilt from tasks.', ['model']);
  const help = 'Outcomes that were refused.';
  const name = 'modelyard_monitor_refused_outcomes_total';
  const refused = new Counter({ name, help, labelNames: ['model', 'code'], registers: [registry] });

  const { query } = await monitoringDatabase(lifecycle);
  for (const window of await newestWindows(lifecycle)) {
    const labels = { model: window.model, version: window.version };
    predictions.set(labels, window.predictions);
    end.set(labels, window.end_at / 1000);
    const performance = await newestPerformance(lifecycle, labels);
    for (const metric of METRICS) {
      const value = performance?.[metric];
      if (typeof value === 'number') error.set({ ...labels, metric }, value);
    }
    for (const { feature, statistic, value, is_drifted } of await newestFindings(lifecycle, labels)) {
      drifted.set({ ...labels, feature }, is_drifted);
      drift.set({ ...labels, feature, statistic }, value);
    }
  }
  const counts = (table: 'windows' | 'outcomes') =>
    query.selectFrom(table).select(({ fn }) => ['model', fn.countAll<number>().as('count')]);
  const waiting = counts('windows').where('state' as never, 'in', ['open', 'late'] as never);
  for (const { model, count } of await waiting.groupBy('model').execute()) open.set({ model }, Number(count));
  for (const { model, count } of await counts('outcomes').groupBy('model').execute()) {
    recorded.set({ model }, Number(count));
  }
  const lost = query.selectFrom('batches').where('source', '=', 'tasks').groupBy('model');
  for (const { model, count } of await lost.select(({ fn }) => ['model', fn.sum('records').as('count')]).execute()) {
    rebuilt.set({ model }, Number(count));
  }
  for (const { model, code, count } of await query.selectFrom('refusals').selectAll().execute()) {
    refused.inc({ model, code }, Number(count));
  }
  return { statusCode: 200, headers: { 'Content-Type': registry.contentType }, body: await registry.metrics() };
}

/** The newest judged window of each version that is in use, or was a day before the newest window of its model. */
async function newestWindows(lifecycle: Pick<Lifecycle, 'stores'>): Promise<readonly WindowRow[]> {
  const { query } = await monitoringDatabase(lifecycle);
  const keys = await query
    .selectFrom('windows')
    .select(({ fn }) => ['model', 'version', fn.max('start_at').as('start_at')])
    .where('computed_at', 'is not', null)
    .groupBy(['model', 'version'])
    .execute();
  const newestOf = new Map<string, number>();
  for (const { model, start_at } of keys) newestOf.set(model, Math.max(start_at, newestOf.get(model) ?? 0));
  const rows = keys.map((key) =>
    query
      .selectFrom('windows')
      .selectAll()
      .where(({ and }) => and(key))
      .executeTakeFirstOrThrow(),
  );
  return (await Promise.all(rows)).filter(({ model, end_at }) => (newestOf.get(model) ?? 0) <= end_at + REPLACED_MS);
}

/** Of the newest window that had enough predictions to be tested. */
async function newestFindings(
  lifecycle: Pick<Lifecycle, 'stores'>,
  key: { readonly model: string; readonly version: string },
): Promise<readonly FindingRow[]> {
  const { query } = await monitoringDatabase(lifecycle);
  const findings = query.selectFrom('findings').where(({ and }) => and(key));
  const newest = await findings.select(({ fn }) => fn.max('start_at').as('start_at')).executeTakeFirst();
  if (newest?.start_at == null) return [];
  return findings.selectAll().where('start_at', '=', newest.start_at).execute();
}

/** Outcomes come late, so the newest window may have none. */
async function newestPerformance(
  lifecycle: Pick<Lifecycle, 'stores'>,
  key: { readonly model: string; readonly version: string },
): Promise<Performance | undefined> {
  const { query } = await monitoringDatabase(lifecycle);
  const row = await query
    .selectFrom('windows')
    .select('performance')
    .where(({ and }) => and(key))
    .where('performance', '!=', '{"outcomes":0}')
    .orderBy('start_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && (JSON.parse(row.performance) as Performance);
}
