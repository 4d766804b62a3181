import { type Batch, type BatchStore, type Clock, decodeBatch, encodeBatch } from '#core';
import type { Database } from '../database/database.ts';
import { translated } from '../errors.ts';

interface Row {
  readonly document: string;
}

/** Stores each batch as one row with a JSON document. */
export function sqliteBatches(database: Database, clock: Clock): BatchStore {
  const write = <T>(operation: () => T): Promise<T> => translated('store_unavailable', database.write(operation));
  const put = (batch: Batch) => database.run(PUT, batch.id, batch.owner, batch.retainedUntil, encodeBatch(batch));

  function find(id: string): Batch | undefined {
    const row = database.get<Row>(SELECT, id, clock.now());
    return row && decodeBatch(row.document);
  }

  return {
    create: (batch) =>
      write(() => {
        const existing = find(batch.id);
        if (!existing) put(batch);
        return existing;
      }),
    get: (id) =>
      translated(
        'store_unavailable',
        database.read(() => find(id)),
      ),
    put: (batch) => write(() => void put(batch)),
    eraseOf: (owner) => write(() => void database.run(ERASE, owner)),
  };
}

const SELECT = 'SELECT document FROM batches WHERE id = ? AND retained_until > ?';

const PUT = `
  INSERT INTO batches (id, owner, retained_until, document) VALUES (?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, retained_until = excluded.retained_until, document = excluded.document
`;

const ERASE = 'DELETE FROM batches WHERE owner = ?';
