/**
 * Duration of turns of the event loop under load. A new request waits about one turn. `monitorEventLoopDelay` needs
 * timers even when idle, and reports only the past.
 */
export class LoopDelay {
  #turnMs = 0;
  #isMeasuring = false;
  /** Arrival of the first request of this turn. Undefined before it. */
  #firstAt: number | undefined;

  /** Duration of the latest turn, in milliseconds. */
  get turnMs(): number {
    return this.#turnMs;
  }

  /** Call for each request. Returns the milliseconds since the first one of this turn. */
  arrive(): number {
    const now = performance.now();
    if (this.#firstAt === undefined) {
      this.#firstAt = now;
      setImmediate(() => {
        this.#firstAt = undefined;
        this.#measure();
      });
    }
    return now - this.#firstAt;
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
