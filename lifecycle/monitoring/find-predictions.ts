import { validate as isUuid, version as uuidVersion } from 'uuid';
import { quoted } from '#adapters/duckdb/tables.ts';
import type { JsonValue } from '#core';
import { openWorkbench } from '../scratch.ts';
import type { Stage } from '../service.ts';
import { monitoringDatabase } from './database.ts';
import { logFile } from './log-file.ts';

/** Objects that one query reads. */
const FILES_AT_ONCE = 50;

/** By which the clock that made an id may differ from that of its task. */
const CLOCKS_MS = 3_600_000;

/**
 * The stage `find`: looks predictions up in the log whose tasks are not stored any more. The result has their ids, times,
 * models, and whether they are numbers. With `owner`, only those of this user. Reads the objects of the times that the ids
 * name, or all of them for an id that names none, as that of an idempotency key.
 */
export const findPredictions: Stage = async (lifecycle, { ids, owner }, { signal }) => {
  const wanted = (Array.isArray(ids) ? ids : []).map(String);
  const times = wanted.map(timeIn);
  const { query } = await monitoringDatabase(lifecycle);
  const stored = query.selectFrom('batches').select(['artifact', 'first_at', 'last_at']);
  const batches = (await stored.orderBy('last_at', 'desc').execute()).filter(({ first_at, last_at }) =>
    times.some((at) => at === undefined || (at >= first_at - CLOCKS_MS && at <= last_at + CLOCKS_MS)),
  );
  await using bench = await openWorkbench(lifecycle, signal);
  const found: JsonValue[] = [];
  for (let at = 0; at < batches.length && found.length < wanted.length; at += FILES_AT_ONCE) {
    const part = batches.slice(at, at + FILES_AT_ONCE);
    const files = await Promise.all(part.map(({ artifact }) => logFile(lifecycle, artifact)));
    const rows = await bench.tables.rows(
      `SELECT DISTINCT task_id, CAST(predicted_at AS DOUBLE) AS time, model, prediction IS NOT NULL AS is_number FROM read_parquet([${files.map(quoted).join(', ')}])
       WHERE task_id IN (${wanted.map(quoted).join(', ')}) ${typeof owner === 'string' ? `AND owner = ${quoted(owner)}` : ''}`,
    );
    found.push(
      ...rows.map(({ task_id, time, model, is_number }) => [
        String(task_id),
        Number(time),
        String(model),
        is_number === true,
      ]),
    );
  }
  return { predictions: found };
};

/** When a task was submitted, Unix milliseconds. Undefined for an id without a time. */
function timeIn(id: string): number | undefined {
  return isUuid(id) && uuidVersion(id) === 7 ? Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16) : undefined;
}
