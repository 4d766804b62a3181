import { createHash } from 'node:crypto';
import type { Transaction } from 'kysely';
import { type Alert, type AlertStep, isSilencing, judgeWindow, type Silence } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import { retryConflicts } from '../retry-conflicts.ts';
import type { OwnedRule } from './rules.ts';
import { type AlertRow, type AlertTables, alertsDatabase, type SilenceRow } from './tables.ts';

/** The subject of an alert. */
export interface Subject {
  readonly rule: string;
  readonly model: string;
  readonly version: string;
  readonly feature: string;
}

interface Sighting extends Subject {
  readonly isBad: boolean;
  readonly reason: string;
  /** Its start. */
  readonly window: number;
  readonly windowMs: number;
}

export const fingerprintOf = ({ rule, model, version, feature }: Subject): string =>
  createHash('sha256')
    .update(JSON.stringify([rule, model, version, feature]))
    .digest('hex')
    .slice(0, 32);

/** Changes the alert and writes its reports in one transaction. */
export async function judge(lifecycle: Lifecycle, rule: OwnedRule, sighting: Sighting): Promise<void> {
  const { isBad, reason, window, windowMs, ...subject } = sighting;
  const fingerprint = fingerprintOf(subject);
  const now = lifecycle.platform.clock.now();
  await changeAlert(lifecycle, rule, { ...subject, fingerprint }, (alert, isSilenced) =>
    judgeWindow(
      alert,
      { fingerprint, isBad, reason, window, windowMs },
      { resolveAfter: rule.resolve_after, now, isSilenced },
    ),
  );
}

/** More processes than this do not change one alert at the same time. */
const MAX_TRIES = 20;

/** A change by another process in between repeats the step with what that one has written. */
export async function changeAlert(
  lifecycle: Lifecycle,
  rule: Pick<OwnedRule, 'name' | 'channels' | 'owner'>,
  subject: Subject & Pick<AlertRow, 'fingerprint'>,
  step: (alert: Alert | undefined, isSilenced: boolean) => AlertStep,
): Promise<void> {
  const database = await alertsDatabase(lifecycle);
  const change = async () =>
    (await database.transaction((transaction) => tryChange(transaction, lifecycle, rule, subject, step))) || undefined;
  await retryConflicts(change, { maxTries: MAX_TRIES, conflict: 'The alert is changed by too many at once.' });
}

/** Resolves with false when another process has changed it since it was read. Then nothing is written. */
async function tryChange(
  transaction: Transaction<AlertTables>,
  { platform }: Lifecycle,
  rule: Pick<OwnedRule, 'name' | 'channels' | 'owner'>,
  subject: Parameters<typeof changeAlert>[2],
  step: Parameters<typeof changeAlert>[3],
): Promise<boolean> {
  const now = platform.clock.now();
  const { fingerprint, model, version, feature } = subject;
  const silences = await transaction.selectFrom('silences').selectAll().where('ends_at', '>', now).execute();
  // Without channels, nobody was told: the first ones are.
  const isSilenced = rule.channels.length === 0 || silences.some((row) => isSilencing(toSilence(row), subject, now));
  const stored = await transaction
    .selectFrom('alerts')
    .select('alert')
    .where('fingerprint', '=', fingerprint)
    .executeTakeFirst();
  const { alert, report } = step(stored && (JSON.parse(stored.alert) as Alert), isSilenced);
  const row = alert && { state: alert.state, started_at: alert.startedAt, alert: JSON.stringify(alert) };
  if (!row || row.alert === stored?.alert) return true;
  const isWritten = stored
    ? (
        await transaction
          .updateTable('alerts')
          .set(row)
          .where('fingerprint', '=', fingerprint)
          .where('alert', '=', stored.alert)
          .executeTakeFirst()
      ).numUpdatedRows === 1n
    : (
        await transaction
          .insertInto('alerts')
          .values({ fingerprint, rule: rule.name, model, version, feature, ...row })
          .onConflict((conflict) => conflict.column('fingerprint').doNothing())
          .executeTakeFirst()
      ).numInsertedOrUpdatedRows === 1n;
  if (!isWritten) return false;
  if (report) await addDeliveries(transaction, rule, { ...subject, alert, report, now });
  return true;
}

interface Report extends Subject {
  readonly alert: Alert;
  readonly report: 'firing' | 'resolved';
  readonly now: number;
}

/** Ids are derived from the content, so that the same report is never written twice. */
async function addDeliveries(
  transaction: Transaction<AlertTables>,
  { channels, owner }: Pick<OwnedRule, 'channels' | 'owner'>,
  { rule, model, version, feature, alert, report, now }: Report,
): Promise<void> {
  const { fingerprint, episode, reason, startedAt, resolvedAt, reportedAt } = alert;
  const body = {
    ...{ type: `alert.${report}`, timestamp: new Date(now).toISOString(), fingerprint, rule, model },
    ...{ version: version === '' ? null : version, feature: feature === '' ? null : feature, reason },
    ...{ started_at: new Date(startedAt).toISOString() },
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

/** For reasons: four digits tell enough. */
export const rounded = (value: number): string => String(Number(value.toPrecision(4)));
