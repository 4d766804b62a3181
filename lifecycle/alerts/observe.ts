import { createHash } from 'node:crypto';
import type { Transaction } from 'kysely';
import {
  type Alert,
  type AlertRule,
  type AlertStep,
  type DriftDetected,
  isSilencing,
  type JsonObject,
  judgeWindow,
  reportInTime,
  type Silence,
  type WindowComputed,
} from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import type { StageRun } from '../service.ts';
import { type OwnedRule, readRules } from './rules.ts';
import { type AlertRow, type AlertTables, alertsDatabase, type SilenceRow } from './tables.ts';

/** What an alert is about. */
interface Subject {
  readonly rule: string;
  readonly model: string;
  readonly version: string;
  readonly feature: string;
}

interface Sighting extends Subject {
  readonly isBad: boolean;
  readonly reason: string;
  readonly window: number;
}

const fingerprintOf = ({ rule, model, version, feature }: Subject): string =>
  createHash('sha256')
    .update(JSON.stringify([rule, model, version, feature]))
    .digest('hex')
    .slice(0, 32);

const fits = (rule: AlertRule, model: string): boolean => rule.model === undefined || rule.model === model;

/** The stage behind `drift.detected`. A repetition of the event changes nothing. */
export async function observeDrift(lifecycle: Lifecycle, args: JsonObject, _run: StageRun): Promise<JsonObject> {
  const { model, version, feature, statistic, value, threshold, window, shadow } = args as unknown as DriftDetected;
  if (shadow) return { alerts: 0 };
  const rules = (await readRules(lifecycle)).filter(
    (rule) => rule.kind === 'drift' && fits(rule, model) && (rule.feature ?? feature) === feature,
  );
  const reason = `${feature} of ${model} has drifted: ${statistic} is ${round(value)}, the threshold ${round(threshold)}.`;
  const start = Date.parse(window.start);
  for (const rule of rules) {
    await judge(lifecycle, rule, { rule: rule.name, model, version, feature, isBad: true, reason, window: start });
  }
  return { alerts: rules.length };
}

/** The stage behind `window.computed`: resolves what has become good, and judges errors. */
export async function observeWindow(lifecycle: Lifecycle, args: JsonObject, _run: StageRun): Promise<JsonObject> {
  const { model, version, window, drifted, performance, shadow } = args as unknown as WindowComputed;
  if (shadow) return { alerts: 0 };
  const start = Date.parse(window.start);
  const rules = (await readRules(lifecycle)).filter((rule) => fits(rule, model));
  const { query } = await alertsDatabase(lifecycle);
  const firing = await query
    .selectFrom('alerts')
    .selectAll()
    .where('state', '=', 'firing')
    .where('model', '=', model)
    .where('version', '=', version)
    .execute();
  for (const rule of rules) {
    if (rule.kind === 'error') {
      const value = performance?.[rule.metric ?? 'mae'];
      const { threshold = 0, metric = 'mae' } = rule;
      if (value === undefined) continue;
      const isBad = metric === 'accuracy' ? value <= threshold : value >= threshold;
      const reason = `The ${metric} of ${model} is ${round(value)}, the threshold ${round(threshold)}.`;
      await judge(lifecycle, rule, { rule: rule.name, model, version, feature: '', isBad, reason, window: start });
      continue;
    }
    for (const row of firing.filter((alert) => alert.rule === rule.name && !drifted.includes(alert.feature))) {
      const { feature } = row;
      await judge(lifecycle, rule, {
        rule: rule.name,
        model,
        version,
        feature,
        isBad: false,
        reason: '',
        window: start,
      });
    }
  }
  return { alerts: rules.length };
}

const round = (value: number): string => String(Number(value.toPrecision(4)));

/** Changes the alert and writes its reports in one transaction. */
async function judge(lifecycle: Lifecycle, rule: OwnedRule, sighting: Sighting): Promise<void> {
  const { isBad, reason, window, ...subject } = sighting;
  const fingerprint = fingerprintOf(subject);
  const now = lifecycle.platform.clock.now();
  await change(lifecycle, rule, { ...subject, fingerprint }, (alert, isSilenced) =>
    judgeWindow(alert, { fingerprint, isBad, reason, window }, { resolveAfter: rule.resolve_after, now, isSilenced }),
  );
}

/** Reports what time alone causes: repetitions, and what a silence has kept back. */
export async function reportDueAlerts(lifecycle: Lifecycle): Promise<void> {
  const { query } = await alertsDatabase(lifecycle);
  const now = lifecycle.platform.clock.now();
  const rules = new Map((await readRules(lifecycle)).map((rule) => [rule.name, rule]));
  for (const row of await query.selectFrom('alerts').selectAll().where('state', '=', 'firing').execute()) {
    const rule = rules.get(row.rule);
    const { reportedAt } = JSON.parse(row.alert) as Alert;
    const repeatMs = (rule?.repeat_seconds ?? 0) * 1000;
    if (!rule || (reportedAt !== null && now < reportedAt + repeatMs)) continue;
    await change(lifecycle, rule, row, (alert, isSilenced) =>
      alert ? reportInTime(alert, { repeatMs, now, isSilenced }) : { alert },
    );
  }
}

async function change(
  lifecycle: Lifecycle,
  rule: OwnedRule,
  subject: Subject & Pick<AlertRow, 'fingerprint'>,
  step: (alert: Alert | undefined, isSilenced: boolean) => AlertStep,
): Promise<void> {
  const database = await alertsDatabase(lifecycle);
  const now = lifecycle.platform.clock.now();
  const { fingerprint, model, version, feature } = subject;
  await database.transaction(async (transaction) => {
    const silences = await transaction.selectFrom('silences').selectAll().where('ends_at', '>', now).execute();
    const isSilenced = silences.some((row) => isSilencing(toSilence(row), subject, now));
    const stored = await transaction
      .selectFrom('alerts')
      .select('alert')
      .where('fingerprint', '=', fingerprint)
      .executeTakeFirst();
    const { alert, report } = step(stored && (JSON.parse(stored.alert) as Alert), isSilenced);
    if (!alert) return;
    const row = { state: alert.state, started_at: alert.startedAt, alert: JSON.stringify(alert) };
    await transaction
      .insertInto('alerts')
      .values({ fingerprint, rule: rule.name, model, version, feature, ...row })
      .onConflict((conflict) => conflict.column('fingerprint').doUpdateSet(row))
      .execute();
    if (report) await addDeliveries(transaction, rule, { ...subject, alert, report, now });
  });
}

interface Report extends Subject {
  readonly alert: Alert;
  readonly report: 'firing' | 'resolved';
  readonly now: number;
}

/** The ids say what is reported, so that the same report is never written twice. */
async function addDeliveries(
  transaction: Transaction<AlertTables>,
  { channels, owner }: OwnedRule,
  { rule, model, version, feature, alert, report, now }: Report,
): Promise<void> {
  const { fingerprint, episode, reason, startedAt, resolvedAt, reportedAt } = alert;
  const body = {
    ...{ type: `alert.${report}`, timestamp: new Date(now).toISOString(), fingerprint, rule, model, version },
    ...{ feature: feature === '' ? null : feature, reason, started_at: new Date(startedAt).toISOString() },
    resolved_at: resolvedAt === null ? null : new Date(resolvedAt).toISOString(),
  };
  for (const [at, channel] of channels.entries()) {
    const id = `alert_${fingerprint}_${episode}_${report === 'resolved' ? 'resolved' : reportedAt}_${at}`;
    const row = { id, fingerprint, channel: JSON.stringify(channel), owner, body: JSON.stringify(body) };
    await transaction
      .insertInto('deliveries')
      .values({ ...row, state: 'pending', due_at: now, failures: 0, attempts: '[]', created_at: now })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
  }
}

export const toSilence = ({ rule, model, feature, starts_at, ends_at }: SilenceRow): Silence => ({
  ...{ rule, model, feature },
  ...{ startsAt: starts_at, endsAt: ends_at },
});
