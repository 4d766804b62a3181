import { type Alert, reportInTime, resolveWithoutWindows } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import { changeAlert } from './change-alert.ts';
import { type OwnedRule, readRules, stillJudges } from './rules.ts';
import { type AlertRow, alertsDatabase } from './tables.ts';

/**
 * Writes reports that are due by time: repetitions, first reports after a silence, and ends without further windows.
 */
export async function reportDueAlerts(lifecycle: Lifecycle): Promise<void> {
  const { query } = await alertsDatabase(lifecycle);
  const rules = new Map((await readRules(lifecycle)).map((rule) => [rule.name, rule]));
  for (const row of await query.selectFrom('alerts').selectAll().where('state', '=', 'firing').execute()) {
    const rule = rules.get(row.rule);
    if (rule && stillJudges(rule, row)) await reportInItsTime(lifecycle, rule, row);
    else await endWithRule(lifecycle, row);
  }
}

async function reportInItsTime(lifecycle: Lifecycle, rule: OwnedRule, row: AlertRow): Promise<void> {
  const now = lifecycle.platform.clock.now();
  const alert = JSON.parse(row.alert) as Alert;
  const repeatMs = rule.repeat_seconds * 1000;
  const limits = { resolveAfter: rule.resolve_after, now };
  // That nothing comes is what an alert of missing windows says.
  const ends = rule.kind !== 'missing' && resolveWithoutWindows(alert, limits).alert?.state === 'resolved';
  const isReportDue = rule.channels.length > 0 && (alert.reportedAt === null || now >= alert.reportedAt + repeatMs);
  if (!ends && !isReportDue) return;
  await changeAlert(lifecycle, rule, row, (stored, isSilenced) => {
    if (!stored) return { alert: stored };
    return ends ? resolveWithoutWindows(stored, limits) : reportInTime(stored, { repeatMs, now, isSilenced });
  });
}

/** Its rule and channels are deleted or are about something else, so there is no report. */
async function endWithRule(lifecycle: Lifecycle, row: AlertRow): Promise<void> {
  const now = lifecycle.platform.clock.now();
  const nobody = { name: row.rule, channels: [], owner: '' };
  await changeAlert(lifecycle, nobody, row, (alert) => ({
    alert: alert && { ...alert, state: 'resolved', resolvedAt: now },
  }));
}
