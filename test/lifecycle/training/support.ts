import { join } from 'node:path';
import { openTables, quoted } from '#adapters/duckdb/tables.ts';
import type { JsonObject } from '#core';
import type { Lifecycle } from '#lifecycle/lifecycle.ts';

/** The rows of a training set as a query: a rate that falls a little slower each year, in six countries. */
const ROWS = `
  SELECT 'C' || c AS country, make_timestamp((1980 + t)::bigint, 12, 31, 0, 0, 0.0) AS year_end,
    6 + c - 0.1 * t + sin(t + c) / 20 AS rate, -0.1 + (c % 3) / 100.0 AS change_1y,
    5.9 + c - 0.1 * t + (c % 3) / 200.0 AS next_rate
  FROM range(6) countries(c), range(30) years(t)`;

/** Stores a training set. Resolves with the hash of its Parquet file. */
export async function storeTrainingSet({ stores }: Lifecycle, sql = ROWS): Promise<string> {
  await using tables = await openTables({ folder: stores.scratch });
  const path = join(stores.scratch, 'training-set.parquet');
  await tables.run(`COPY (${sql}) TO ${quoted(path)} (FORMAT parquet)`);
  return (await stores.artifacts.putFile(path)).hash;
}

/** Arguments of `training.train`. */
export const orderOf = (hash: string, more: JsonObject = {}): JsonObject => ({
  ...{ model: 'rates', trainer: 'ridge', params: { alpha: 0.1 }, training_set: hash },
  ...{ features: ['rate', 'change_1y'], label: 'next_rate', time: 'year_end', entity: 'country', baseline: 'rate' },
  ...more,
});
