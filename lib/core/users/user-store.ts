import type { NewUser, User } from './user.ts';

/**
 * Registered users. Users do not expire. Reads are consistent: they see every resolved `create` and `update`. All
 * methods reject with `store_unavailable` when the store cannot be reached.
 */
export interface UserStore {
  /**
   * Resolves with the stored user, or with undefined when the name is taken in any spelling. Of concurrent calls
   * exactly one succeeds.
   */
  create(user: NewUser): Promise<User | undefined>;
  /** Stores a user of another store, with its id. Resolves with false when the name is taken in any spelling. */
  restore(user: User): Promise<boolean>;
  /** Accepts any text. */
  get(id: string): Promise<User | undefined>;
  /** Accepts any text. */
  findByName(name: string): Promise<User | undefined>;
  /**
   * Writes role, password hash, state and credentials if the stored version is `user.version - 1`. Resolves with false
   * when the version differs or the user does not exist.
   */
  update(user: User): Promise<boolean>;
  /** Resolves with false when there is no such user. The name may be registered again. */
  delete(id: string): Promise<boolean>;
  /** All users in no promised order. Rejects with `invalid_request` for a cursor that it did not give. */
  list(query: UserQuery): Promise<UserPage>;
}

export interface UserQuery {
  /** 1–100. */
  readonly limit: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
}

export interface UserPage {
  /** May be short or empty although there is a `nextCursor`. */
  readonly users: readonly User[];
  readonly nextCursor?: string;
}

const PAGE = 100;

/** All users, page by page. */
export async function* allUsers(users: Pick<UserStore, 'list'>): AsyncGenerator<User> {
  let cursor: string | undefined;
  do {
    const page = await users.list({ limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    yield* page.users;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
}
