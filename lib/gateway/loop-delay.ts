export interface ArrivalInTurn {
  /** Milliseconds since the first request of the same turn. */
  readonly sinceFirstMs: number;
  /** Number of requests of this turn so far, including this one. */
  readonly place: number;
}

/**
 * Duration of turns of the event loop under load. A new request waits about one turn. `monitorEventLoopDelay` needs
 * timers even when idle, and reports only the past.
 */
export class LoopDelay {
  #turnMs = 0;
  #isMeasuring = false;
  /** Arrival of the first request of this turn. Undefined before it. */
  #firstAt: number | undefined;
  #arrived = 0;

  /** Duration of the latest turn, in milliseconds. */
  get turnMs(): number {
    return this.#turnMs;
  }

  /** Call for each request. */
  arrive(): ArrivalInTurn {
    const now = performance.now();
    if (this.#firstAt === undefined) {
      this.#firstAt = now;
      this.#arrived = 0;
      setImmediate(() => {
        this.#firstAt = undefined;
        this.#measure();
      });
    }
    this.#arrived += 1;
    return { sinceFirstMs: now - this.#firstAt, place: this.#arrived };
  }

  #measure(): void {
    if (this.#isMeasuring) return;
    this.#isMeasuring = true;
    const startedAt = performance.now();
    setImmediate(() => {
      this.#turnMs = performance.now() - startedAt;
      this.#isMeasuring = false;
    });
  }
}
