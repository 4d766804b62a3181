import { identifier, openTables, quoted } from '#adapters/duckdb/tables.ts';
import { ModelyardError } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import type { Examples } from './trainers/trainer.ts';

/** The roles of the columns of a Parquet file. */
export interface TrainingColumns {
  readonly features: readonly string[];
  readonly label: string;
  /** When the row was known. Splits are ordered by it. */
  readonly time: string;
  /** Whose row it is. */
  readonly entity: string;
  /** The last known value of the label, which the baseline predicts. @default the label of the entity's row before */
  readonly baseline?: string;
}

/** A training set in two parts: everything held out is later than everything else. */
export interface TrainingSet {
  readonly train: Examples;
  readonly holdout: Examples;
  /** Predictions of the baseline for the held-out rows. */
  readonly baseline: readonly number[];
  /** The time of the first held-out row. */
  readonly heldOutFrom: string;
  /** Rows that were left out because a value is missing. */
  readonly incomplete: number;
}

interface Row {
  readonly x: readonly number[];
  readonly y: number;
  readonly time: string;
  readonly baseline: number;
}

/** Reads a training set. Rejects with `invalid_input` when columns are missing, or when too few times can be split. */
export async function readTrainingSet(
  { stores }: Pick<Lifecycle, 'stores'>,
  hash: string,
  columns: TrainingColumns,
  holdoutShare: number,
): Promise<TrainingSet> {
  const { rows, incomplete } = await readRows(await stores.artifacts.fileOf(hash), stores.scratch, columns);
  const times = [...new Set(rows.map(({ time }) => time))];
  const heldOutFrom = times[Math.min(times.length - 1, Math.floor(times.length * (1 - holdoutShare)))];
  if (times.length < 2 || heldOutFrom === undefined) {
    throw new ModelyardError('invalid_input', 'The training set has fewer than two times, so none can be held out.');
  }
  const cut = rows.findIndex(({ time }) => time === heldOutFrom);
  const [train, holdout] = [rows.slice(0, cut), rows.slice(cut)];
  return {
    train: examplesOf(train, columns.features),
    holdout: examplesOf(holdout, columns.features),
    baseline: holdout.map(({ baseline }) => baseline),
    ...{ heldOutFrom, incomplete },
  };
}

const examplesOf = (rows: readonly Row[], features: readonly string[]): Examples => ({
  features,
  x: rows.map(({ x }) => x),
  y: rows.map(({ y }) => y),
});

async function readRows(
  file: string,
  folder: string,
  columns: TrainingColumns,
): Promise<{ readonly rows: readonly Row[]; readonly incomplete: number }> {
  const { features, label, time, entity, baseline } = columns;
  await using tables = await openTables({ folder });
  const number = (column: string) => `try_cast(${identifier(column)} AS double)`;
  const previous = `lag(${number(label)}) OVER (PARTITION BY ${identifier(entity)} ORDER BY ${identifier(time)})`;
  const selected = [
    ...features.map((name, at) => `${number(name)} AS x${at}`),
    `${number(label)} AS y`,
    `${baseline === undefined ? previous : number(baseline)} AS last`,
    `strftime(try_cast(${identifier(time)} AS timestamp), '%Y-%m-%dT%H:%M:%SZ') AS at`,
  ];
  const order = `${identifier(time)}, ${identifier(entity)}`;
  const sql = `SELECT ${selected.join(', ')} FROM read_parquet(${quoted(file)}) ORDER BY ${order}`;
  const found = await tables.rows(sql).catch((error: unknown) => {
    const why = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
    throw new ModelyardError('invalid_input', `The training set cannot be read: ${why}`);
  });
  const rows = found.flatMap((row): Row[] => {
    const x = features.map((_, at) => row[`x${at}`]);
    const isComplete = [...x, row.y, row.last].every((value) => typeof value === 'number' && Number.isFinite(value));
    if (!isComplete || typeof row.at !== 'string') return [];
    return [{ x: x as number[], y: row.y as number, baseline: row.last as number, time: row.at }];
  });
  return { rows, incomplete: found.length - rows.length };
}
