import type { Engine } from './engine.ts';
import type { SimEvent } from './event-heap.ts';

const REAL = {
  setTimeout: globalThis.setTimeout,
  setInterval: globalThis.setInterval,
  setImmediate: globalThis.setImmediate,
  clearTimeout: globalThis.clearTimeout,
  clearInterval: globalThis.clearInterval,
  clearImmediate: globalThis.clearImmediate,
};
const real = {
  random: Math.random,
  dateNow: Date.now,
  timeout: AbortSignal.timeout,
  performanceNow: performance.now.bind(performance),
};

/** Stands in for what Node's timers return. */
class SimTimer {
  event: SimEvent | undefined;
  unref(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  hasRef(): boolean {
    return true;
  }
  cancel(): void {
    if (this.event) this.event.isCanceled = true;
  }
}

type Callback = (...args: unknown[]) => void;

/**
 * Replaces the timers, clocks and random numbers of this process by those of the engine, for code that runs in one
 * of its actors; other code keeps the real ones. Returns what undoes it.
 */
export function replaceGlobals(engine: Engine): () => void {
  const start = (callback: Callback, ms: number, args: unknown[], { isRepeated = false, isImmediate = false } = {}) => {
    const timer = new SimTimer();
    const actor = engine.current;
    if (!actor) return undefined;
    const run = () => {
      if (isRepeated) timer.event = engine.after(actor, ms, run);
      callback(...args);
    };
    timer.event = engine.after(actor, ms, run, isImmediate);
    return timer;
  };
  const delayOf = (ms: unknown) => Math.max(1, Number(ms ?? 0) || 0);
  const clear = (name: 'clearTimeout' | 'clearInterval' | 'clearImmediate') => (timer: unknown) =>
    timer instanceof SimTimer ? timer.cancel() : REAL[name](timer as NodeJS.Timeout & NodeJS.Immediate);

  Object.assign(globalThis, {
    setTimeout: (callback: Callback, ms?: number, ...args: unknown[]) =>
      start(callback, delayOf(ms), args) ?? REAL.setTimeout(callback, ms, ...args),
    setInterval: (callback: Callback, ms?: number, ...args: unknown[]) =>
      start(callback, delayOf(ms), args, { isRepeated: true }) ?? REAL.setInterval(callback, ms, ...args),
    setImmediate: (callback: Callback, ...args: unknown[]) =>
      start(callback, 0, args, { isImmediate: true }) ?? REAL.setImmediate(callback, ...args),
    clearTimeout: clear('clearTimeout'),
    clearInterval: clear('clearInterval'),
    clearImmediate: clear('clearImmediate'),
  });
  Math.random = () => (engine.current ? engine.random.next() : real.random());
  Date.now = () => (engine.current ? engine.unixMs + engine.current.skewMs : real.dateNow());
  // An own property in front of the one of the prototype.
  Object.defineProperty(performance, 'now', {
    configurable: true,
    value: () => (engine.current ? engine.now : real.performanceNow()),
  });
  AbortSignal.timeout = (ms) => {
    if (!engine.current) return real.timeout.call(AbortSignal, ms);
    const controller = new AbortController();
    engine.after(engine.current, ms, () => controller.abort(new DOMException('Timed out.', 'TimeoutError')));
    return controller.signal;
  };

  return () => {
    Object.assign(globalThis, REAL);
    Math.random = real.random;
    Date.now = real.dateNow;
    AbortSignal.timeout = real.timeout;
    Reflect.deleteProperty(performance, 'now');
  };
}
