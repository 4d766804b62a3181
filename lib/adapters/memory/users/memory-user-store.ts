import { type NewUser, newUserId, placeOfId, placeOfName, type User, type UserStore, unavailable } from '#core';

/** The reference implementation of the port. */
export class MemoryUserStore implements UserStore {
  /** Set to false, and it is away: every call is refused until it is true again. */
  reachable = true;
  readonly #users = new Map<string, User>();

  async create(user: NewUser): Promise<User | undefined> {
    this.#assertReachable();
    const place = placeOfName(user.name);
    if (this.#users.has(place)) return undefined;
    const kept: User = { ...user, id: newUserId(user.name), version: 1 };
    this.#users.set(place, kept);
    return kept;
  }

  async get(id: string): Promise<User | undefined> {
    this.#assertReachable();
    return this.#find(id);
  }

  async findByName(name: string): Promise<User | undefined> {
    this.#assertReachable();
    return this.#users.get(placeOfName(name));
  }

  async update({ id, role, passwordHash, version }: User): Promise<boolean> {
    this.#assertReachable();
    const stored = this.#find(id);
    if (stored?.version !== version - 1) return false;
    this.#users.set(placeOfName(stored.name), { ...stored, role, passwordHash, version });
    return true;
  }

  #find(id: string): User | undefined {
    const user = this.#users.get(placeOfId(id) ?? '');
    return user?.id === id ? user : undefined;
  }

  #assertReachable(): void {
    if (!this.reachable) throw unavailable('store_unavailable', 'The user store is away.', undefined);
  }
}
