/** How long one turn of the event loop takes while requests are handled: a new request waits for about one. */
export class LoopDelay {
  #turnMs = 0;
  #isMeasuring = false;

  /** The latest turn, in milliseconds. */
  get turnMs(): number {
    return this.#turnMs;
  }

  /** Measures the next turn. `monitorEventLoopDelay` costs timers also while nothing happens, and only knows the past. */
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
