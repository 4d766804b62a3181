/** Duration of a turn of the event loop under load. A new request waits about one turn. */
export class LoopDelay {
  #turnMs = 0;
  #isMeasuring = false;

  /** Duration of the latest turn, in milliseconds. */
  get turnMs(): number {
    return this.#turnMs;
  }

  /** Measures the next turn. `monitorEventLoopDelay` needs timers even when idle, and reports only the past. */
  measure(): void {
    if (this.#isMeasuring) return;
    this.#isMeasuring = true;
    setImmediate(() => {
      const startedAt = performance.now();
      setImmediate(() => {
        this.#turnMs = performance.now() - startedAt;
        this.#isMeasuring = false;
      });
    });
  }
}
