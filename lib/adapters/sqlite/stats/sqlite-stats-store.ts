import { type MinuteCounts, STATS_KEPT_MINUTES, type StatCounts, type StatsStore } from '#core';
import type { Database } from '../database/database.ts';
import { translated } from '../errors.ts';

interface Row {
  readonly minute: number;
  readonly counts: string;
}

/** Stores the counts of a model and a minute as one row. Deletes old rows when it writes. */
export class SqliteStatsStore implements StatsStore {
  readonly flushMs = 1000;
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async add(model: string, minute: number, counts: StatCounts): Promise<void> {
    await translated(
      'store_unavailable',
      this.#database.write(() => {
        const [before = {}] = this.#select(model, minute, minute).map((row) => row.counts);
        const sums = Object.entries(counts).map(([key, count]) => [key, (before[key] ?? 0) + count]);
        this.#database.run(PUT, model, minute, JSON.stringify({ ...before, ...Object.fromEntries(sums) }));
        this.#database.run(DELETE_OLD, model, minute - STATS_KEPT_MINUTES);
      }),
    );
  }

  read(model: string, { from, to }: { from: number; to: number }): Promise<readonly MinuteCounts[]> {
    return translated(
      'store_unavailable',
      this.#database.read(() => this.#select(model, from, to)),
    );
  }

  #select(model: string, from: number, to: number): readonly MinuteCounts[] {
    const rows = this.#database.all<Row>(SELECT, model, from, to);
    // Only this file writes the column.
    return rows.map(({ minute, counts }) => ({ minute, counts: JSON.parse(counts) as StatCounts }));
  }
}

const SELECT = 'SELECT minute, counts FROM task_stats WHERE model = ? AND minute BETWEEN ? AND ? ORDER BY minute';

const PUT = `
  INSERT INTO task_stats (model, minute, counts) VALUES (?, ?, ?)
  ON CONFLICT (model, minute) DO UPDATE SET counts = excluded.counts
`;

const DELETE_OLD = 'DELETE FROM task_stats WHERE model = ? AND minute < ?';
