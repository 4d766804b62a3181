import type { MonitorReport, MonitorWindow, Performance } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import { monitoringDatabase } from './database.ts';
import type { Distribution } from './describe-column.ts';
import { readSettings } from './settings.ts';
import type { FindingRow, WindowRow } from './tables.ts';

export interface ReportQuery {
  readonly model: string;
  /** @default all versions */
  readonly version?: string;
  /** Only windows that end after this time, Unix milliseconds. */
  readonly since?: number;
  /** How many windows at most. @default 100 */
  readonly limit?: number;
}

/** The report of a model. Empty for a model without logged predictions. */
export async function readReport(lifecycle: Pick<Lifecycle, 'stores'>, asked: ReportQuery): Promise<MonitorReport> {
  const { model, version, since, limit = 100 } = asked;
  const { query } = await monitoringDatabase(lifecycle);
  let windows = query.selectFrom('windows').selectAll().where('model', '=', model);
  if (version !== undefined) windows = windows.where('version', '=', version);
  if (since !== undefined) windows = windows.where('end_at', '>', since);
  const rows = await windows.orderBy('start_at', 'desc').orderBy('version', 'desc').limit(limit).execute();
  const findings = query.selectFrom('findings').selectAll().where('model', '=', model);
  const oldest = rows.at(-1)?.start_at ?? 0;
  const drift = await findings.where('start_at', '>=', oldest).orderBy('feature').execute();
  const recorded = query.selectFrom('outcomes').where('model', '=', model);
  const { count } = await recorded.select(({ fn }) => fn.countAll().as('count')).executeTakeFirstOrThrow();
  // Those of predictions that are not known are of no model.
  const refusals = await query
    .selectFrom('refusals')
    .select(({ fn }) => ['code', fn.sum<number>('count').as('count')])
    .where('model', 'in', [model, ''])
    .groupBy('code')
    .execute();
  const findingsOf = Map.groupBy(drift, keyOf);
  const refused = Object.fromEntries(refusals.map(({ code, count }) => [code, Number(count)]));
  return {
    model,
    settings: await readSettings(lifecycle, model),
    outcomes: { recorded: Number(count), refused },
    windows: rows.map((row) => presentWindow(row, findingsOf.get(keyOf(row)) ?? [])),
  };
}

/** Distributions of the columns of the newest judged window. Empty before. */
export async function readDistributions(
  lifecycle: Pick<Lifecycle, 'stores'>,
  model: string,
): Promise<Readonly<Record<string, Distribution>>> {
  const { query } = await monitoringDatabase(lifecycle);
  const windows = query.selectFrom('windows').select('distributions').where('model', '=', model);
  const newest = windows.where('computed_at', 'is not', null).orderBy('start_at', 'desc').limit(1);
  return JSON.parse((await newest.executeTakeFirst())?.distributions ?? '{}');
}

const timeOf = (at: number): string => new Date(at).toISOString();

/** Of a window, among those of its model. */
const keyOf = ({ version, start_at }: Pick<WindowRow, 'version' | 'start_at'>): string => `${start_at}/${version}`;

function presentWindow(row: WindowRow, own: readonly FindingRow[]): MonitorWindow {
  const performance = JSON.parse(row.performance) as Performance;
  return {
    ...{
      version: row.version,
      start: timeOf(row.start_at),
      end: timeOf(row.end_at),
      state: row.state === 'open' ? 'open' : 'closed',
    },
    ...{ shadow: row.is_shadow === 1, predictions: row.predictions },
    drifted: own.some(({ is_drifted }) => is_drifted === 1),
    drift: own.map(({ feature, statistic, value, threshold, p_value, is_drifted }) => ({
      ...{ feature, statistic, value, threshold, p_value, drifted: is_drifted === 1 },
    })),
    quality: JSON.parse(row.quality),
    performance: performance.outcomes > 0 ? performance : null,
    computed_at: row.computed_at === null ? null : timeOf(row.computed_at),
  };
}
