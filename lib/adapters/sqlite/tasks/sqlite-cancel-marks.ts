import { type CancelMarks, CHEAP_CANCEL_PACE } from '#core';
import type { Database } from '../database/database.ts';
import { translated } from '../errors.ts';

/** Stores the mark of each model as a row. */
export const sqliteCancelMarks = (database: Database): CancelMarks => ({
  ...CHEAP_CANCEL_PACE,
  async put(model, mark) {
    await translated(
      'store_unavailable',
      database.write(() => database.run(PUT, model, mark)),
    );
  },
  get: (model) =>
    translated(
      'store_unavailable',
      database.read(() => database.get<{ mark: string }>(GET, model)?.mark),
    ),
});

const PUT =
  'INSERT INTO cancel_marks (model, mark) VALUES (?, ?) ON CONFLICT (model) DO UPDATE SET mark = excluded.mark';

const GET = 'SELECT mark FROM cancel_marks WHERE model = ?';
