import { entryBehind, type JsonTape, SLICE } from './json-tape.ts';

/** Array indices are below this limit. JavaScript sorts them before other keys. */
const MAX_INDEX = 2 ** 32 - 1;
/** From this number of keys on, sorting by digits is faster than comparing. */
const MANY_KEYS = 4096;

/**
 * The key entries of an object in JavaScript's property order: array indices ascending, then other keys in text order.
 * Undefined if they are in this order already. Makes the bytes of a map independent of the order of its integer keys.
 */
export function sortedKeys(tape: JsonTape, object: number): Int32Array | undefined {
  const end = tape.entries[object + 1] ?? 0;
  let isSorted = true;
  let count = 0;
  let indices = 0;
  let last = 0;
  for (let key = object + 2; key < end; key = entryBehind(tape, key + 2)) {
    const rank = rankOf(tape, key);
    isSorted &&= rank >= last;
    last = rank;
    count += 1;
    if (rank < MAX_INDEX) indices += 1;
  }
  if (isSorted) return undefined;
  return count < MANY_KEYS ? sortFew(tape, object, count) : sortMany(tape, object, count, indices);
}

/** The array index of a key. All other keys have the same rank, behind these. */
function rankOf({ bytes, entries }: JsonTape, key: number): number {
  const start = (entries[key] ?? 0) + 1;
  const end = entries[key + 1] ?? 0;
  if (end <= start || end - start > 10 || (bytes[start] === 0x30 && end - start > 1)) return MAX_INDEX;
  let index = 0;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte < 0x30 || byte > 0x39) return MAX_INDEX;
    index = 10 * index + (byte - 0x30);
  }
  return Math.min(index, MAX_INDEX);
}

/** Rank and ordinal of a key in one number, for a native sort. */
const pairs = new Float64Array(MANY_KEYS);

function sortFew(tape: JsonTape, object: number, count: number): Int32Array {
  const inText = new Int32Array(count);
  for (let i = 0, key = object + 2; i < count; i += 1, key = entryBehind(tape, key + 2)) {
    inText[i] = key;
    pairs[i] = rankOf(tape, key) * MANY_KEYS + i;
  }
  const sorted = pairs.subarray(0, count).sort();
  const order = new Int32Array(count);
  for (let i = 0; i < count; i += 1) order[i] = inText[(sorted[i] ?? 0) % MANY_KEYS] ?? 0;
  return order;
}

/** Digits of 11 bits: three for a rank, and few enough values to count in the cache of the processor. */
const DIGIT_BITS = 11;
const DIGITS = 3;

interface RankedKeys {
  readonly ranks: Uint32Array;
  readonly keys: Int32Array;
}

/** Indices by their digits, the lowest first: in linear time, in whatever order somebody sends a million of them. */
function sortMany(tape: JsonTape, object: number, count: number, indices: number): Int32Array {
  const order = new Int32Array(count);
  let from: RankedKeys = { ranks: new Uint32Array(indices), keys: new Int32Array(indices) };
  // With an odd number of digits, the last ones are moved here.
  let to: RankedKeys = { ranks: new Uint32Array(indices), keys: order.subarray(0, indices) };
  let index = 0;
  let other = indices;
  for (let i = 0, key = object + 2; i < count; i += 1, key = entryBehind(tape, key + 2)) {
    const rank = rankOf(tape, key);
    if (rank < MAX_INDEX) {
      from.ranks[index] = rank;
      from.keys[index++] = key;
    } else order[other++] = key;
  }
  for (let digit = 0; digit < DIGITS; digit += 1) {
    moveByDigit(from, to, digit * DIGIT_BITS);
    [from, to] = [to, from];
  }
  return order;
}

/** Keys with the same digit stay in their order. */
function moveByDigit(from: RankedKeys, to: RankedKeys, shift: number): void {
  const mask = 2 ** DIGIT_BITS - 1;
  const next = new Int32Array(mask + 1);
  const { ranks, keys } = from;
  for (let i = 0; i < ranks.length; i += 1) {
    const digit = ((ranks[i] ?? 0) >>> shift) & mask;
    next[digit] = (next[digit] ?? 0) + 1;
  }
  let start = 0;
  for (let digit = 0; digit <= mask; digit += 1) {
    start += next[digit] ?? 0;
    next[digit] = start - (next[digit] ?? 0);
  }
  for (let i = 0; i < ranks.length; i += 1) {
    const rank = ranks[i] ?? 0;
    const digit = (rank >>> shift) & mask;
    const place = next[digit] ?? 0;
    next[digit] = place + 1;
    to.ranks[place] = rank;
    to.keys[place] = keys[i] ?? 0;
  }
}

/** What `fetchAhead` reads must have a use, or the compiler leaves it out. */
const read = new Uint8Array(1);

/**
 * Call before a slice of sorted keys is read. Sorted keys are far apart in memory. Here the processor waits for many of
 * them at a time; later it would wait for each.
 */
export function fetchAhead({ bytes, entries }: JsonTape, order: Int32Array, from: number): void {
  const to = Math.min(order.length, from + SLICE);
  let all = 0;
  for (let i = from; i < to; i += 1) all ^= bytes[entries[order[i] ?? 0] ?? 0] ?? 0;
  read[0] = all;
}
