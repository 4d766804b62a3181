import type { Clock } from './clock.ts';
import { dropOldest } from './drop-oldest.ts';

interface MemoizeOptions {
  /** Beyond it, the oldest entries are removed. */
  readonly maxEntries: number;
  /** @default unlimited; requires `clock` */
  readonly maxAgeMs?: number;
  readonly clock?: Clock;
}

/**
 * Caches what `load` resolves per key. Concurrent callers share one load. Failures and `undefined` are not cached.
 * Further arguments are passed to `load` and are not kept.
 */
export function memoize<T, More extends readonly unknown[] = []>(
  load: (key: string, ...more: More) => Promise<T>,
  { maxEntries, maxAgeMs = Number.POSITIVE_INFINITY, clock }: MemoizeOptions,
): (key: string, ...more: More) => Promise<T> {
  const entries = new Map<string, { readonly value: Promise<T>; readonly at: number }>();

  return function memoized(key, ...more) {
    const now = clock?.now() ?? 0;
    const known = entries.get(key);
    if (known && now - known.at < maxAgeMs) return known.value;
    const value = load(key, ...more);
    const entry = { value, at: now };
    const forget = () => {
      if (entries.get(key) === entry) entries.delete(key);
    };
    entries.delete(key);
    entries.set(key, entry);
    value.then((loaded) => loaded === undefined && forget(), forget);
    dropOldest(entries, maxEntries);
    return value;
  };
}
