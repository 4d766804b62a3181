import { equalBytes, hashBytes, scratchOf, unescapeInto } from './strings.ts';

/**
 * Where the values and keys of a JSON text are: two numbers for each, in the order of the text. The first is the offset
 * of its first byte. The second is, of an object or array, the index of the entry behind its last one; of a string the
 * offset of its closing quote, or the bitwise complement of that when the string has escapes; of anything else the
 * offset behind it. A tape takes four bytes for each byte of the text at most, where `JSON.parse` takes up to 28.
 */
export interface JsonTape {
  readonly bytes: Uint8Array;
  readonly entries: Int32Array;
}

/** The entry behind the value at `entry`. */
export function entryBehind({ bytes, entries }: JsonTape, entry: number): number {
  const kind = bytes[entries[entry] ?? 0];
  return kind === 0x7b || kind === 0x5b ? (entries[entry + 1] ?? 0) : entry + 2;
}

/** A JSON value in words, without repeating it. */
export function nameOf({ bytes, entries }: JsonTape, entry: number): string {
  switch (bytes[entries[entry] ?? 0]) {
    case 0x7b:
      return 'an object';
    case 0x5b:
      return 'an array';
    case 0x22:
      return 'a string';
    case 0x74:
    case 0x66:
      return 'a boolean';
    case 0x6e:
      return 'null';
    default:
      return 'a number';
  }
}

const FEW_KEYS = 8;

/** Of objects with many keys: the entry of a key, or 0, and its hash. Grows, and is cleared for each object. */
let table = new Int32Array(128);

/**
 * The entry of a key that stands twice in the object at `object`, at its second place; -1 when there is none. Takes
 * time in proportion to the number of keys, which `JSON.parse` merges without a word.
 */
export function findRepeatedKey(tape: JsonTape, object: number): number {
  const { entries } = tape;
  const first = object + 2;
  const end = entries[object + 1] ?? 0;
  if (first >= end || entryBehind(tape, first + 2) >= end) return -1;
  let keys = 0;
  for (let key = first; key < end; key = entryBehind(tape, key + 2)) keys += 1;
  return keys <= FEW_KEYS ? repeatedOfFew(tape, first, end) : repeatedOfMany(tape, first, end, keys);
}

function repeatedOfFew(tape: JsonTape, first: number, end: number): number {
  for (let key = entryBehind(tape, first + 2); key < end; key = entryBehind(tape, key + 2)) {
    for (let other = first; other < key; other = entryBehind(tape, other + 2)) {
      if (isSameKey(tape, key, other)) return key;
    }
  }
  return -1;
}

function repeatedOfMany(tape: JsonTape, first: number, end: number, keys: number): number {
  let size = 64;
  while (size < 2 * keys) size *= 2;
  if (table.length < 2 * size) table = new Int32Array(2 * size);
  else table.fill(0, 0, 2 * size);
  const places = table;
  for (let key = first; key < end; key = entryBehind(tape, key + 2)) {
    const hash = hashOfKey(tape, key);
    let place = 2 * (hash & (size - 1));
    for (let other = places[place] ?? 0; other !== 0; other = places[place] ?? 0) {
      if (places[place + 1] === hash && isSameKey(tape, key, other)) return key;
      place = (place + 2) & (2 * size - 1);
    }
    places[place] = key;
    places[place + 1] = hash;
  }
  return -1;
}

function hashOfKey({ bytes, entries }: JsonTape, key: number): number {
  const start = (entries[key] ?? 0) + 1;
  const end = entries[key + 1] ?? 0;
  if (end >= 0) return hashBytes(bytes, start, end);
  const plain = scratchOf(~end - start);
  const length = unescapeInto(bytes, start, ~end, plain, 0);
  return hashBytes(plain, 0, complemented(length));
}

function isSameKey({ bytes, entries }: JsonTape, a: number, b: number): boolean {
  const aStart = (entries[a] ?? 0) + 1;
  const bStart = (entries[b] ?? 0) + 1;
  const aEnd = entries[a + 1] ?? 0;
  const bEnd = entries[b + 1] ?? 0;
  if (aEnd >= 0 && bEnd >= 0) {
    return aEnd - aStart === bEnd - bStart && equalBytes(bytes, aStart, bytes, bStart, aEnd - aStart);
  }
  const aLength = (aEnd < 0 ? ~aEnd : aEnd) - aStart;
  const bLength = (bEnd < 0 ? ~bEnd : bEnd) - bStart;
  const plain = scratchOf(aLength + bLength);
  const aPlain = complemented(unescapeInto(bytes, aStart, aStart + aLength, plain, 0));
  const bPlain = complemented(unescapeInto(bytes, bStart, bStart + bLength, plain, aLength)) - aLength;
  return aPlain === bPlain && equalBytes(plain, 0, plain, aLength, aPlain);
}

const complemented = (length: number): number => (length < 0 ? ~length : length);
