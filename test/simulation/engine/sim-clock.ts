import type { Clock } from '#core';
import type { Actor, Engine } from './engine.ts';

/** The clock of one actor. */
export class SimClock implements Clock {
  readonly #engine: Engine;
  readonly #actor: Actor;
  readonly #follows: Actor | undefined;

  /** `follows`: sleepers wake when this other actor is running, and never if it is dead. */
  constructor(engine: Engine, actor: Actor, follows?: Actor) {
    this.#engine = engine;
    this.#actor = actor;
    this.#follows = follows;
  }

  now(): number {
    return this.#engine.unixMs + this.#actor.skewMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const wake = () => {
        if (this.#follows && !this.#follows.isAlive) return;
        const asleepMs = (this.#follows?.frozenUntil ?? 0) - this.#engine.now;
        if (asleepMs > 0) {
          timer = this.#engine.after(this.#actor, asleepMs, wake);
          return;
        }
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      const onAbort = () => {
        timer.isCanceled = true;
        resolve();
      };
      let timer = this.#engine.after(this.#actor, ms, wake);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }
}
