import { type NewUser, nameKeyOf, nameKeyOfId, newUserId, type User, type UserStore, unavailable } from '#core';

export class MemoryUserStore implements UserStore {
  /** While false, every call is refused. */
  reachable = true;
  readonly #users = new Map<string, User>();

  async create(user: NewUser): Promise<User | undefined> {
    this.#assertReachable();
    const nameKey = nameKeyOf(user.name);
    if (this.#users.has(nameKey)) return undefined;
    const kept: User = { ...user, id: newUserId(user.name), version: 1 };
    this.#users.set(nameKey, kept);
    return kept;
  }

  async get(id: string): Promise<User | undefined> {
    this.#assertReachable();
    return this.#find(id);
  }

  async findByName(name: string): Promise<User | undefined> {
    this.#assertReachable();
    return this.#users.get(nameKeyOf(name));
  }

  async update({ id, role, passwordHash, version }: User): Promise<boolean> {
    this.#assertReachable();
    const stored = this.#find(id);
    if (stored?.version !== version - 1) return false;
    this.#users.set(nameKeyOf(stored.name), { ...stored, role, passwordHash, version });
    return true;
  }

  #find(id: string): User | undefined {
    const user = this.#users.get(nameKeyOfId(id) ?? '');
    return user?.id === id ? user : undefined;
  }

  #assertReachable(): void {
    if (!this.reachable) throw unavailable('store_unavailable', 'The user store is away.', undefined);
  }
}
