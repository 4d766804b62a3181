import {
  type NewUser,
  nameKeyOf,
  nameKeyOfId,
  newUserId,
  type User,
  type UserPage,
  type UserQuery,
  type UserStore,
  unavailable,
  userCursor,
} from '#core';

export class MemoryUserStore implements UserStore {
  /** While false, every call rejects. */
  reachable = true;
  readonly #users = new Map<string, User>();

  async create(user: NewUser): Promise<User | undefined> {
    const kept: User = { ...user, id: newUserId(user.name), version: 1 };
    return (await this.restore(kept)) ? kept : undefined;
  }

  async restore(user: User): Promise<boolean> {
    this.#assertReachable();
    const nameKey = nameKeyOf(user.name);
    if (this.#users.has(nameKey)) return false;
    this.#users.set(nameKey, user);
    return true;
  }

  async get(id: string): Promise<User | undefined> {
    this.#assertReachable();
    return this.#find(id);
  }

  async findByName(name: string): Promise<User | undefined> {
    this.#assertReachable();
    return this.#users.get(nameKeyOf(name));
  }

  async update(user: User): Promise<boolean> {
    this.#assertReachable();
    const stored = this.#find(user.id);
    if (stored?.version !== user.version - 1) return false;
    const { id, name, createdAt } = stored;
    this.#users.set(nameKeyOf(name), { ...user, id, name, createdAt });
    return true;
  }

  async delete(id: string): Promise<boolean> {
    this.#assertReachable();
    return this.#find(id) !== undefined && this.#users.delete(nameKeyOfId(id) ?? '');
  }

  async list({ limit, cursor }: UserQuery): Promise<UserPage> {
    this.#assertReachable();
    const after = userCursor(cursor);
    const keys = [...this.#users.keys()].toSorted().filter((key) => key > after);
    const shown = keys.slice(0, limit);
    const last = shown.at(-1);
    return {
      users: shown.flatMap((key) => this.#users.get(key) ?? []),
      ...(last !== undefined && keys.length > limit ? { nextCursor: last } : {}),
    };
  }

  #find(id: string): User | undefined {
    const user = this.#users.get(nameKeyOfId(id) ?? '');
    return user?.id === id ? user : undefined;
  }

  #assertReachable(): void {
    if (!this.reachable) throw unavailable('store_unavailable', 'The user store is unavailable.', undefined);
  }
}
