/** Removes the oldest entries of a map until it has at most `max`. */
export function dropOldest<K>(entries: Map<K, unknown>, max: number): void {
  for (const key of entries.keys()) {
    if (entries.size <= max) return;
    entries.delete(key);
  }
}
