/** The tables of users and calls, the same in every SQL database. Each platform's own migrations create them. */
export interface SqlTables {
  readonly users: UsersTable;
  readonly calls: CallsTable;
  readonly usage: UsageTable;
}

/** Recent usage of users. */
interface UsageTable {
  /** Primary key. */
  readonly owner: string;
  readonly version: number;
  readonly document: string;
}

export interface UsersTable {
  /** Primary key: `nameKeyOf`, so that one conditional insert registers a user. */
  readonly name_key: string;
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly password_hash: string;
  /** Unix milliseconds. */
  readonly created_at: number;
  readonly version: number;
  /** `packAccount`. */
  readonly account: string;
}

export interface CallsTable {
  /** Primary key. */
  readonly id: string;
  readonly owner: string;
  readonly key_id: string | null;
  readonly method: string;
  readonly route: string;
  readonly model: string | null;
  readonly task_id: string | null;
  readonly status: number;
  /** Unix milliseconds. */
  readonly started_at: number;
  readonly duration_ms: number;
  readonly bytes_in: number;
  readonly bytes_out: number;
  readonly request_id: string;
}
