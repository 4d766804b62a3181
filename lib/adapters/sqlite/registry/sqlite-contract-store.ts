import type { Contract, ContractStore } from '#core';
import type { Database } from '../database/database.ts';
import { translated } from '../errors.ts';

interface ContractRow {
  readonly hash: string;
  readonly request_message: string;
  readonly response_message: string;
  readonly descriptor_set: Uint8Array;
}

/** Contracts by hash. Existing rows are never changed. */
export class SqliteContractStore implements ContractStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  put({ hash, requestMessage, responseMessage, descriptorSet }: Contract): Promise<void> {
    const database = this.#database;
    const insert = () => void database.run(INSERT, hash, requestMessage, responseMessage, descriptorSet);
    return translated('registry_unavailable', database.write(insert));
  }

  async get(hash: string): Promise<Contract | undefined> {
    const database = this.#database;
    const query = database.read(() => database.get<ContractRow>(SELECT, hash));
    const row = await translated('registry_unavailable', query);
    return (
      row && {
        hash,
        requestMessage: row.request_message,
        responseMessage: row.response_message,
        descriptorSet: row.descriptor_set,
      }
    );
  }
}

const INSERT = `
  INSERT INTO contracts (hash, request_message, response_message, descriptor_set) VALUES (?, ?, ?, ?)
  ON CONFLICT (hash) DO NOTHING
`;

const SELECT = 'SELECT hash, request_message, response_message, descriptor_set FROM contracts WHERE hash = ?';
