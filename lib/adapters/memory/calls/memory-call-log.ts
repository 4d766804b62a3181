import {
  type Call,
  type CallLog,
  type CallPage,
  type CallQuery,
  type Clock,
  comparePositions,
  cursorsOf,
  EVERYBODY,
  isAskedFor,
  isCallKept,
  positionOfCall,
  unavailable,
} from '#core';

export class MemoryCallLog implements CallLog {
  /** While false, every call rejects. */
  reachable = true;
  readonly #clock: Clock;
  readonly #calls = new Map<string, Call>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async append(calls: readonly Call[]): Promise<void> {
    this.#assertReachable();
    for (const call of calls) this.#calls.set(call.id, call);
    this.#forgetExpired();
  }

  async list({ limit, cursor, ...asked }: CallQuery): Promise<CallPage> {
    this.#assertReachable();
    const cursors = cursorsOf({ of: 'calls', owner: asked.owner ?? EVERYBODY });
    const after = cursors.after(cursor);
    this.#forgetExpired();
    const matching = [...this.#calls.values()]
      .filter((call) => isAskedFor(call, asked))
      .filter((call) => after === undefined || comparePositions(after, positionOfCall(call)) < 0)
      .sort((a, b) => comparePositions(positionOfCall(a), positionOfCall(b)));
    const calls = matching.slice(0, limit);
    const last = calls.at(-1);
    return {
      calls,
      ...cursors.next(last && matching.length > limit ? positionOfCall(last) : undefined),
    };
  }

  async deleteOf(owner: string): Promise<void> {
    this.#assertReachable();
    for (const [id, call] of this.#calls) if (call.owner === owner) this.#calls.delete(id);
  }

  #forgetExpired(): void {
    const now = this.#clock.now();
    for (const [id, call] of this.#calls) if (!isCallKept(call, now)) this.#calls.delete(id);
  }

  #assertReachable(): void {
    if (!this.reachable) throw unavailable('store_unavailable', 'The call log is unavailable.', undefined);
  }
}
