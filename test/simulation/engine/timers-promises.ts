// Stands in for `node:timers/promises` in the threads of simulations: its timers are the ones of the moment, which a
// simulation replaces.

interface TimerOptions {
  readonly signal?: AbortSignal;
  readonly ref?: boolean;
}

export function setTimeout<T>(ms?: number, value?: T, { signal }: TimerOptions = {}): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = globalThis.setTimeout(() => resolve(value as T), ms);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
  });
}

export const setImmediate = <T>(value?: T): Promise<T> =>
  new Promise((resolve) => globalThis.setImmediate(() => resolve(value as T)));
