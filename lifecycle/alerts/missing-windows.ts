import { type Alert, MONITOR_DEFAULTS, type MonitorReport } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import { fingerprintOf, judge } from './change-alert.ts';
import { fits, type OwnedRule, readRules } from './rules.ts';
import { alertsDatabase } from './tables.ts';

/** A window is over, waited for, and its stage has run. */
const SLACK_MS = 60_000;

interface Span {
  /** Its start. */
  readonly window: number;
  readonly windowMs: number;
}

/** Remembers the newest window of a model. */
export async function noteWindow(lifecycle: Lifecycle, model: string, { window, windowMs }: Span): Promise<void> {
  const { query } = await alertsDatabase(lifecycle);
  const row = { start_at: window, length_ms: windowMs };
  await query
    .insertInto('newest_windows')
    .values({ model, ...row })
    .onConflict((conflict) => conflict.column('model').doUpdateSet(row).where('newest_windows.start_at', '<', window))
    .execute();
}

/** Raises alerts of models that had windows and get none, and resolves them when windows come again. */
export async function judgeMissing(lifecycle: Lifecycle): Promise<void> {
  const rules = (await readRules(lifecycle)).filter(({ kind }) => kind === 'missing');
  if (rules.length === 0) return;
  const { query } = await alertsDatabase(lifecycle);
  for (const { model, start_at: window, length_ms: windowMs } of await query
    .selectFrom('newest_windows')
    .selectAll()
    .execute()) {
    for (const rule of rules.filter((each) => fits(each, model))) {
      await judgeModel(lifecycle, rule, { model, window: Number(window), windowMs: Number(windowMs) });
    }
  }
}

async function judgeModel(
  lifecycle: Lifecycle,
  rule: OwnedRule,
  { model, ...span }: Span & { readonly model: string },
): Promise<void> {
  const { name, threshold = 1 } = rule;
  const subject = { rule: name, model, version: '', feature: '' };
  const endedAt = span.window + span.windowMs;
  const dueAt = endedAt + threshold * span.windowMs + SLACK_MS;
  const now = lifecycle.platform.clock.now();
  const isLate = now >= dueAt && now >= dueAt + (await graceMs(lifecycle, model));
  const { query } = await alertsDatabase(lifecycle);
  const stored = await query
    .selectFrom('alerts')
    .select('alert')
    .where('fingerprint', '=', fingerprintOf(subject))
    .where('state', '=', 'firing')
    .executeTakeFirst();
  const firing = stored && (JSON.parse(stored.alert) as Alert);
  // Nothing new: this runs every few seconds.
  if (isLate === (firing !== undefined) && (!firing || firing.window === span.window)) return;
  const reason = `${model} had its last predictions in the window that ended at ${new Date(endedAt).toISOString()}.`;
  await judge(lifecycle, rule, { ...subject, ...span, isBad: isLate, reason });
}

/** How long a window waits for predictions on their way. */
async function graceMs(lifecycle: Lifecycle, model: string): Promise<number> {
  const args = { model, limit: 1 };
  // Recovery: while monitoring cannot be asked, the default is close enough.
  const report = await lifecycle.ask('monitoring', 'monitor', args).catch(() => undefined);
  const { grace_seconds } = (report as unknown as MonitorReport | undefined)?.settings ?? MONITOR_DEFAULTS;
  return grace_seconds * 1000;
}
