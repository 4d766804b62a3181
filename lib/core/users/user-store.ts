import type { NewUser, User } from './user.ts';

/**
 * Who is registered, kept for good. Reads are consistent: what `create` and `update` resolved is seen by the next
 * read. All methods reject with `store_unavailable` when the store cannot be reached.
 */
export interface UserStore {
  /**
   * Keeps a new user. Resolves with the user as kept, or with undefined, having changed nothing, when the name is
   * taken, however it is written: of many at once exactly one gets it.
   */
  create(user: NewUser): Promise<User | undefined>;
  /** Undefined for the id of nobody, which may be any text. */
  get(id: string): Promise<User | undefined>;
  /** Undefined for the name of nobody, which may be any text. */
  findByName(name: string): Promise<User | undefined>;
  /**
   * Writes the role and the password hash, the rest stays, if the stored version is `user.version - 1`. Resolves with
   * false, having changed nothing, when somebody else was faster or there is no such user.
   */
  update(user: User): Promise<boolean>;
}
