/** About as many keys as a table in the cache of the processor can hold. */
const PARTITION_KEYS = 4096;
const MAX_PARTITION_BITS = 10;

/** Hashes and other numbers of the keys of one object, reused for each object. */
let numbers = new Int32Array(256);
let places = new Int32Array(256);
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
  const starts = startsOf(hashes, bits);
  if (places.length < 2 * count) places = new Int32Array(2 * count);
  const order = places.subarray(0, count);
  const grouped = places.subarray(count, 2 * count);
  group(hashes, bits, starts.slice(), { order, grouped });
  const part = { hashes: grouped, order, isSame, limit };
  for (const [i, start] of starts.entries()) searchPart(part, start, starts[i + 1] ?? count, repeats);
  return repeats.sort((a, b) => a.at - b.at).slice(0, limit);
}

/** The first place of each group. The upper bits of a hash are its group. */
function startsOf(hashes: Int32Array, bits: number): Int32Array {
  const sizes = new Int32Array(2 ** bits);
  for (let i = 0; i < hashes.length; i += 1) {
    const part = (hashes[i] ?? 0) >>> (32 - bits);
    sizes[part] = (sizes[part] ?? 0) + 1;
  }
  let start = 0;
  return sizes.map((size) => {
    start += size;
    return start - size;
  });
}

interface Grouped {
  readonly order: Int32Array;
  readonly grouped: Int32Array;
}

function group(hashes: Int32Array, bits: number, next: Int32Array, { order, grouped }: Grouped): void {
  for (let i = 0; i < hashes.length; i += 1) {
    const hash = hashes[i] ?? 0;
    const part = hash >>> (32 - bits);
    const place = next[part] ?? 0;
    next[part] = place + 1;
    order[place] = i;
    grouped[place] = hash;
  }
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
  const slots = table;
  let found = 0;
  for (let place = start; place < end && found < limit; place += 1) {
    const hash = hashes[place] ?? 0;
    const at = order ? (order[place] ?? 0) : place;
    let slot = hash & (size - 1);
    let isRepeat = false;
    // A slot holds a place plus one.
    for (let other = slots[slot] ?? 0; other !== 0; other = slots[slot] ?? 0) {
      const first = order ? (order[other - 1] ?? 0) : other - 1;
      isRepeat = hashes[other - 1] === hash && isSame(at, first);
      if (isRepeat) {
        repeats.push({ at, first });
        found += 1;
        break;
      }
      slot = (slot + 1) & (size - 1);
    }
    if (!isRepeat) slots[slot] = place + 1;
  }
}
