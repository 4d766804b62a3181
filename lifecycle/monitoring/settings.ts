import { isRecord, type JsonObject, MONITOR_DEFAULTS, type MonitorSettings } from '#core';
import { invalidField, refuseOthers } from '../json-body.ts';
import type { Lifecycle } from '../lifecycle.ts';
import { monitoringDatabase } from './database.ts';
import { STATISTICS } from './statistics/drift.ts';

/** Lowest and highest values. */
const WHOLE = {
  window_seconds: [1, 31 * 86_400],
  grace_seconds: [0, 7 * 86_400],
  min_predictions: [1, 1_000_000],
} as const;

export async function readSettings(lifecycle: Pick<Lifecycle, 'stores'>, model: string): Promise<MonitorSettings> {
  const { query } = await monitoringDatabase(lifecycle);
  const row = await query.selectFrom('settings').select('settings').where('model', '=', model).executeTakeFirst();
  return { ...MONITOR_DEFAULTS, ...(row ? (JSON.parse(row.settings) as Partial<MonitorSettings>) : {}) };
}

/** Whether somebody has set up the monitoring of a model. */
export async function hasSettings(lifecycle: Pick<Lifecycle, 'stores'>, model: string): Promise<boolean> {
  const { query } = await monitoringDatabase(lifecycle);
  const row = query.selectFrom('settings').select('model').where('model', '=', model);
  return (await row.executeTakeFirst()) !== undefined;
}

/** Replaces the settings. Fields that are missing get their defaults. Rejects with `invalid_input`. */
export async function writeSettings(
  lifecycle: Lifecycle,
  model: string,
  body: JsonObject,
  by: string,
): Promise<MonitorSettings> {
  const settings = checkSettings(body);
  const { query } = await monitoringDatabase(lifecycle);
  const change = { settings: JSON.stringify(settings), updated_at: lifecycle.platform.clock.now(), updated_by: by };
  await query
    .insertInto('settings')
    .values({ model, ...change })
    .onConflict((conflict) => conflict.column('model').doUpdateSet(change))
    .execute();
  return settings;
}

function checkSettings(body: JsonObject): MonitorSettings {
  const settings: Record<string, unknown> = { ...MONITOR_DEFAULTS };
  for (const [name, value] of Object.entries(body)) {
    if (name === 'tests') settings.tests = checkTests(value);
    else if (Object.hasOwn(WHOLE, name)) {
      const [least, most] = WHOLE[name as keyof typeof WHOLE];
      const isRight = Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most;
      if (!isRight) throw invalidField(`/${name}`, `must be a whole number from ${least} to ${most}`);
      settings[name] = value;
    } else throw invalidField(`/${name}`, 'is not a setting');
  }
  return settings as unknown as MonitorSettings;
}

function checkTests(tests: unknown): MonitorSettings['tests'] {
  if (!isRecord(tests)) throw invalidField('/tests', 'must be an object');
  for (const [feature, test] of Object.entries(tests)) {
    const at = `/tests/${feature}`;
    if (!isRecord(test)) throw invalidField(at, 'must be an object');
    const { statistic, threshold, ...others } = test;
    const isKnown = statistic === undefined || STATISTICS.some((name) => name === statistic);
    if (!isKnown) throw invalidField(`${at}/statistic`, `must be one of ${STATISTICS.join(', ')}`);
    const isRight = threshold === undefined || (typeof threshold === 'number' && threshold > 0);
    if (!isRight) throw invalidField(`${at}/threshold`, 'must be a number above 0');
    refuseOthers(others, 'is not a setting', at);
  }
  return tests as MonitorSettings['tests'];
}
