import type { Transaction } from 'kysely';
import type { DriftDetected, JsonObject, WindowComputed } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import { addEvent, type OutboxTables } from '../outbox.ts';
import { openWorkbench } from '../scratch.ts';
import type { Stage } from '../service.ts';
import { monitoringDatabase } from './database.ts';
import { type Distribution, distributionOf, qualityOf } from './describe-column.ts';
import { type Reference, readReference } from './reference.ts';
import { readSettings } from './settings.ts';
import { type DriftVerdict, judgeDrift, type TestChoice } from './statistics/drift.ts';
import type { MonitoringTables, WindowRow } from './tables.ts';
import { readWindow, type WindowData } from './window-data.ts';

/** How often a window is read again because something has come meanwhile. The next due time tries again. */
const MAX_TRIES = 5;

/**
 * The stage `compute`: judges one window and reports what is new. Result, findings and events are written together, so a
 * window that is computed twice reports nothing twice.
 */
export const computeWindow: Stage = async (lifecycle, { model, version, start_at }, { owner, signal }) => {
  const database = await monitoringDatabase(lifecycle);
  const key = { model: String(model), version: String(version), start_at: Number(start_at) };
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    const row = await database.query
      .selectFrom('windows')
      .selectAll()
      .where(({ and }) => and(key))
      .executeTakeFirst();
    if (!row || row.computed_revision === row.revision) return { computed: false };
    const result = await judge(lifecycle, row, signal);
    if (
      await database.transaction((transaction) =>
        write(transaction, { row, result, owner, at: lifecycle.platform.clock.now() }),
      )
    ) {
      return { computed: true, predictions: result.data.predictions, drifted: result.drifted };
    }
  }
  return { computed: false };
};

interface WindowResult {
  readonly data: WindowData;
  readonly reference: Reference | undefined;
  readonly verdicts: readonly (readonly [feature: string, verdict: DriftVerdict])[];
  readonly drifted: readonly string[];
}

async function judge(lifecycle: Lifecycle, row: WindowRow, signal: AbortSignal): Promise<WindowResult> {
  await using bench = await openWorkbench(lifecycle, signal);
  const reference = await readReference(lifecycle, bench.tables, row);
  const data = await readWindow(lifecycle, bench, row, reference);
  const { tests, min_predictions } = await readSettings(lifecycle, row.model);
  const isEnough = data.predictions >= min_predictions;
  const verdicts = [...data.columns].flatMap(([name, column]) => {
    const then = reference?.columns.get(name);
    const choice = (Object.hasOwn(tests, name) ? tests[name] : {}) as TestChoice;
    const verdict = isEnough && then ? judgeDrift(then, column, choice) : undefined;
    return verdict ? [[name, verdict] as const] : [];
  });
  const drifted = verdicts.filter(([, { isDrifted }]) => isDrifted).map(([name]) => name);
  return { data, reference, verdicts, drifted };
}

interface Written {
  readonly row: WindowRow;
  readonly result: WindowResult;
  readonly owner: string;
  readonly at: number;
}

/** Resolves with false when something has come since the window was read. Then nothing is written. */
async function write(
  transaction: Transaction<MonitoringTables & OutboxTables>,
  { row, result, owner, at }: Written,
): Promise<boolean> {
  const { model, version, start_at, revision } = row;
  const key = { model, version, start_at };
  const { data, reference, verdicts, drifted } = result;
  const columns = [...data.columns];
  const updated = await transaction
    .updateTable('windows')
    .set({
      ...{ state: 'closed', predictions: data.predictions, computed_revision: revision, computed_at: at },
      quality: JSON.stringify(
        Object.fromEntries(columns.map(([name, column]) => [name, qualityOf(column, reference?.columns.get(name))])),
      ),
      distributions: JSON.stringify(distributionsOf(columns, reference)),
      performance: JSON.stringify(data.performance),
    })
    .where(({ and }) => and({ ...key, revision }))
    .where('computed_revision', '<', revision)
    .executeTakeFirst();
  if (updated.numUpdatedRows !== 1n) return false;
  const own = transaction
    .selectFrom('findings')
    .select('feature')
    .where(({ and }) => and(key));
  const reported = new Set((await own.where('is_reported', '=', 1).execute()).map(({ feature }) => feature));
  await transaction
    .deleteFrom('findings')
    .where(({ and }) => and(key))
    .execute();
  const span = { start: new Date(start_at).toISOString(), end: new Date(row.end_at).toISOString() };
  const about = { model, version, window: span, shadow: row.is_shadow === 1 };
  for (const [feature, { statistic, value, threshold, pValue, isDrifted }] of verdicts) {
    const finding = { feature, statistic, value: finite(value), threshold, p_value: pValue };
    const flags = { is_drifted: isDrifted ? 1 : 0, is_reported: isDrifted || reported.has(feature) ? 1 : 0 };
    await transaction
      .insertInto('findings')
      .values({ ...key, ...finding, ...flags })
      .execute();
    if (!isDrifted || reported.has(feature)) continue;
    const payload = { ...about, ...finding } satisfies DriftDetected;
    await addEvent(transaction, { type: 'drift.detected', owner, payload: payload as JsonObject, at });
  }
  const { outcomes } = data.performance;
  const computed: WindowComputed = {
    ...{ ...about, predictions: data.predictions, drifted, tested: verdicts.map(([feature]) => feature), revision },
    performance: outcomes > 0 ? data.performance : null,
  };
  await addEvent(transaction, { type: 'window.computed', owner, payload: computed as unknown as JsonObject, at });
  return true;
}

/** A category that the training set does not have makes the statistic infinite, which JSON does not know. */
const finite = (value: number): number => (Number.isFinite(value) ? value : Number.MAX_VALUE);

function distributionsOf(
  columns: readonly (readonly [string, Parameters<typeof distributionOf>[0]])[],
  reference: Reference | undefined,
) {
  const found: Record<string, Distribution> = {};
  for (const [name, column] of columns) {
    const distribution = distributionOf(column, reference?.columns.get(name));
    if (distribution) found[name] = distribution;
  }
  return found;
}
