import { CHEAP_LOOK_MS, type PlaceStore, readPlace } from '#core';
import type { Database } from '../database/database.ts';
import { translated } from '../errors.ts';

/** Stores places as rows, which are counted in the transaction that adds one. */
export const sqlitePlaces = (database: Database): PlaceStore => ({
  lookMs: CHEAP_LOOK_MS,
  take: (model, places, max) =>
    translated(
      'store_unavailable',
      database.write(() => {
        const { taken = 0 } = database.get<{ taken: number }>(COUNT, model) ?? {};
        if (taken + places.length > max) return false;
        for (const { key } of places) database.run(INSERT, model, key);
        return true;
      }),
    ),
  async free(model, places) {
    await translated(
      'store_unavailable',
      database.write(() => {
        for (const { key } of places) database.run(DELETE, model, key);
      }),
    );
  },
  oldest: (model, _max, limit) =>
    translated(
      'store_unavailable',
      database.read(() => database.all<{ key: string }>(OLDEST, model, limit).map(({ key }) => readPlace(key))),
    ),
});

const COUNT = 'SELECT count(*) AS taken FROM places WHERE model = ?';
const INSERT = 'INSERT INTO places (model, key) VALUES (?, ?) ON CONFLICT (model, key) DO NOTHING';
const DELETE = 'DELETE FROM places WHERE model = ? AND key = ?';
const OLDEST = 'SELECT key FROM places WHERE model = ? ORDER BY number LIMIT ?';
