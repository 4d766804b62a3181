import { findRepeats, keyNumbers } from './repeats.ts';
import { equalBytes, hashBytes, scratchOf, unescapeInto } from './strings.ts';

/**
 * Positions of the values and keys of a JSON text: two numbers each, in text order. The first is the offset of the
 * first byte. The second depends on the kind. Object or array: the index of the entry after its last one. String: the
 * offset of the closing quote, or its complement if the string has escapes. Otherwise: the offset after the value. A
 * tape takes at most four bytes per byte of text; `JSON.parse` takes up to 28.
 */
export interface JsonTape {
  readonly bytes: Uint8Array;
  readonly entries: Int32Array;
}

/** Elements per call: V8 keeps the optimized code of a function, but compiles a loop again each time it runs for long. */
export const SLICE = 1024;

/** The keys of an object from one on: its entry and ordinal, the end of the object, and the order if it is another. */
export interface KeyRange {
  readonly key: number;
  readonly i: number;
  readonly end: number;
  readonly order: Int32Array | undefined;
}

/** The entry after the value at `entry`. */
export function entryBehind({ bytes, entries }: JsonTape, entry: number): number {
  const kind = bytes[entries[entry] ?? 0];
  return kind === 0x7b || kind === 0x5b ? (entries[entry + 1] ?? 0) : entry + 2;
}

/** Describes a JSON value without its content. */
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

/**
 * The entry of the second occurrence of a duplicate key in `object`; -1 if there is none. Linear time. `JSON.parse`
 * would merge duplicate keys silently.
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

function repeatedOfMany(tape: JsonTape, first: number, end: number, count: number): number {
  const numbers = keyNumbers(2 * count);
  const keys = numbers.subarray(0, count);
  const hashes = numbers.subarray(count, 2 * count);
  for (let key = first, i = 0; key < end; key = entryBehind(tape, key + 2), i += 1) {
    keys[i] = key;
    hashes[i] = hashOfKey(tape, key);
  }
  const isSame = (a: number, b: number): boolean => isSameKey(tape, keys[a] ?? 0, keys[b] ?? 0);
  const [repeat] = findRepeats({ hashes, isSame, limit: 1 });
  return repeat ? (keys[repeat.at] ?? -1) : -1;
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
