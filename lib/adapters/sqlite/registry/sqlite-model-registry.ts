import {
  type Clock,
  type Contract,
  type ContractStore,
  type Instance,
  isInstance,
  isModel,
  type Model,
  type ModelRegistry,
  type RegistrySnapshot,
} from '#core';
import type { Database } from '../database/database.ts';
import { translated } from '../errors.ts';

interface RegistryOptions {
  readonly database: Database;
  /** The process that writes. Its instances are removed when it ends. */
  readonly process: number;
  readonly clock: Clock;
}

interface DocumentRow {
  readonly document: string;
}

/** Age at which rows of silent instances are deleted. Readers compare `expiresAt` before. */
const GARBAGE_AFTER_MS = 600_000;

/** Owner of a failed start, which stays when its process has ended. */
const NO_PROCESS = 0;

/** Models and instances as JSON documents. */
export class SqliteModelRegistry implements ModelRegistry {
  readonly #database: Database;
  readonly #process: number;
  readonly #clock: Clock;

  constructor({ database, process, clock }: RegistryOptions) {
    this.#database = database;
    this.#process = process;
    this.#clock = clock;
  }

  readModel(name: string): Promise<Model | undefined> {
    return this.#read((database) => {
      const model = parse(database.get<DocumentRow>('SELECT document FROM models WHERE name = ?', name));
      return isModel(model) ? model : undefined;
    });
  }

  writeModel(model: Model): Promise<boolean> {
    const { name, version } = model;
    const document = JSON.stringify(model);
    return this.#write((database) =>
      version === 1
        ? database.run(INSERT_MODEL, name, version, document) === 1
        : database.run(UPDATE_MODEL, version, document, name, version - 1) === 1,
    );
  }

  putInstance(instance: Instance): Promise<void> {
    const { model, id } = instance;
    const document = JSON.stringify(instance);
    const now = this.#clock.now();
    return this.#write((database) => {
      const owner = instance.state === 'failing' ? NO_PROCESS : this.#process;
      database.run(PUT_INSTANCE, model, id, document, now, owner);
      database.run('DELETE FROM instances WHERE heard_at < ?', now - GARBAGE_AFTER_MS);
    });
  }

  removeInstance(model: string, id: string): Promise<void> {
    return this.#write((database) => {
      database.run('DELETE FROM instances WHERE model = ? AND id = ?', model, id);
    });
  }

  snapshot(): Promise<RegistrySnapshot> {
    return this.#read((database) => ({
      models: database.all<DocumentRow>('SELECT document FROM models').map(parse).filter(isModel),
      instances: database.all<DocumentRow>('SELECT document FROM instances').map(parse).filter(isInstance),
    }));
  }

  #read<T>(query: (database: Database) => T): Promise<T> {
    return translated(
      'registry_unavailable',
      this.#database.read(() => query(this.#database)),
    );
  }

  #write<T>(operation: (database: Database) => T): Promise<T> {
    return translated(
      'registry_unavailable',
      this.#database.write(() => operation(this.#database)),
    );
  }
}

const INSERT_MODEL = 'INSERT INTO models (name, version, document) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING';

const UPDATE_MODEL = 'UPDATE models SET version = ?, document = ? WHERE name = ? AND version = ?';

const PUT_INSTANCE = `
  INSERT INTO instances (model, id, document, heard_at, process) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (model, id) DO UPDATE
  SET document = excluded.document, heard_at = excluded.heard_at, process = excluded.process
`;

/** Undefined if the row is not valid JSON. */
function parse(row: DocumentRow | undefined): unknown {
  try {
    return row && JSON.parse(row.document);
  } catch {
    // Recovery: an unreadable row is skipped.
    return undefined;
  }
}

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
