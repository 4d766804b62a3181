/** About as many keys as a table in the cache of the processor can hold. */
const PARTITION_KEYS = 4096;
const MAX_PARTITION_BITS = 10;

/** Hashes and other numbers of the keys of one object, reused for each object. */
let numbers = new Int32Array(256);
let table = new Int32Array(128);

/** Reused memory for the numbers of keys, valid until the next call. */
export function keyNumbers(length: number): Int32Array {
  if (numbers.length < length) numbers = new Int32Array(length);
  return numbers;
}

/** A key that occurs again: its index, and the index of its first occurrence. */
export interface Repeat {
  readonly at: number;
  readonly first: number;
}

export interface HashedKeys {
  /** Their hashes, well mixed in all bits. */
  readonly hashes: Int32Array;
  readonly isSame: (a: number, b: number) => boolean;
  /** Maximum number of repeats returned. */
  readonly limit: number;
}

/**
 * The first repeats in order of their indices. Linear time. Groups the keys by hash first: tables that do not fit the
 * cache of the processor take several times as long.
 */
export function findRepeats({ hashes, isSame, limit }: HashedKeys): Repeat[] {
  const count = hashes.length;
  const repeats: Repeat[] = [];
  if (count <= PARTITION_KEYS) {
    searchPart({ hashes, order: undefined, isSame, limit }, 0, count, repeats);
    return repeats;
  }
  const bits = Math.min(MAX_PARTITION_BITS, Math.ceil(Math.log2(count / PARTITION_KEYS)));
  const starts = new Int32Array(2 ** bits + 1);
  for (const hash of hashes) starts[(hash >>> (32 - bits)) + 1] = (starts[(hash >>> (32 - bits)) + 1] ?? 0) + 1;
  for (let part = 1; part < starts.length; part += 1) starts[part] = (starts[part] ?? 0) + (starts[part - 1] ?? 0);
  const order = new Int32Array(count);
  const grouped = new Int32Array(count);
  const next = starts.slice();
  for (let i = 0; i < count; i += 1) {
    const hash = hashes[i] ?? 0;
    const part = hash >>> (32 - bits);
    const place = next[part] ?? 0;
    next[part] = place + 1;
    order[place] = i;
    grouped[place] = hash;
  }
  for (let part = 0; part + 1 < starts.length; part += 1) {
    searchPart({ hashes: grouped, order, isSame, limit }, starts[part] ?? 0, starts[part + 1] ?? 0, repeats);
  }
  return repeats.sort((a, b) => a.at - b.at).slice(0, limit);
}

interface Part extends HashedKeys {
  /** Place → index of the key. Undefined if they are equal. */
  readonly order: Int32Array | undefined;
}

/** Adds the first repeats of the keys at the places from `start` to `end`, which are in order of their indices. */
function searchPart({ hashes, order, isSame, limit }: Part, start: number, end: number, repeats: Repeat[]): void {
  let size = 64;
  while (size < 2 * (end - start)) size *= 2;
  if (table.length < size) table = new Int32Array(size);
  else table.fill(0, 0, size);
  const places = table;
  let found = 0;
  for (let place = start; place < end && found < limit; place += 1) {
    const hash = hashes[place] ?? 0;
    const at = order ? (order[place] ?? 0) : place;
    let slot = hash & (size - 1);
    let isRepeat = false;
    // A slot holds a place plus one.
    for (let other = places[slot] ?? 0; other !== 0; other = places[slot] ?? 0) {
      const first = order ? (order[other - 1] ?? 0) : other - 1;
      isRepeat = hashes[other - 1] === hash && isSame(at, first);
      if (isRepeat) {
        repeats.push({ at, first });
        found += 1;
        break;
      }
      slot = (slot + 1) & (size - 1);
    }
    if (!isRepeat) places[slot] = place + 1;
  }
}
