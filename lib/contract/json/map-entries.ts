import { isWide } from '../codec/ranges.ts';
import type { ScalarType } from '../descriptor/model.ts';
import { equalBytes, hashBytes } from './strings.ts';
import type { WireCursor } from './wire-cursor.ts';
import { FIXED_32, FIXED_64, VARINT, wireTypeOf } from './wire-types.ts';

const DROPPED = -1;

/** The keys of map entries: of a text its start and end, of anything else the halves of its number. */
interface Keys {
  readonly bytes: Uint8Array;
  readonly isText: boolean;
  readonly a: Int32Array;
  readonly b: Int32Array;
}

/**
 * Of the entries of a map, whose bytes begin at these offsets with their length, makes those negative whose key comes
 * again later: JSON must not have a key twice, and of equal keys the last one counts. Takes time in proportion to them.
 */
export function dropRepeated(cursor: WireCursor, type: ScalarType, offsets: Int32Array): void {
  if (offsets.length < 2) return;
  const keys = readKeys(cursor, type, offsets);
  let size = 16;
  while (size < 2 * offsets.length) size *= 2;
  const table = new Int32Array(size).fill(DROPPED);
  for (let entry = 0; entry < offsets.length; entry += 1) {
    let place = hashOf(keys, entry) & (size - 1);
    for (let other = table[place] ?? DROPPED; other >= 0; other = table[place] ?? DROPPED) {
      if (isSame(keys, entry, other)) {
        offsets[other] = DROPPED;
        break;
      }
      place = (place + 1) & (size - 1);
    }
    table[place] = entry;
  }
}

function readKeys(cursor: WireCursor, type: ScalarType, offsets: Int32Array): Keys {
  const isText = type === 'string';
  const a = new Int32Array(offsets.length);
  const b = new Int32Array(offsets.length);
  const limit = cursor.bytes.length;
  for (const [entry, offset] of offsets.entries()) {
    cursor.at = offset;
    const end = cursor.delimited(limit);
    while (cursor.at < end) {
      const tag = cursor.tag(end);
      if (tag !== ((1 << 3) | wireTypeOf(type))) cursor.skip(tag, end);
      else if (isText) {
        b[entry] = cursor.delimited(end);
        a[entry] = cursor.at;
        cursor.at = b[entry] ?? 0;
      } else {
        readNumber(cursor, type, end);
        a[entry] = type === 'bool' ? Number(cursor.low !== 0 || cursor.high !== 0) : cursor.low;
        b[entry] = isWide(type) ? cursor.high : 0;
      }
    }
  }
  return { bytes: cursor.bytes, isText, a, b };
}

/** Reads a number of this type into the cursor. */
export function readNumber(cursor: WireCursor, type: ScalarType, end: number): void {
  const wireType = wireTypeOf(type);
  if (wireType === VARINT) cursor.varint(end);
  else if (wireType === FIXED_32) cursor.fixed32(end);
  else if (wireType === FIXED_64) cursor.fixed64(end);
}

function hashOf({ bytes, isText, a, b }: Keys, entry: number): number {
  const [first, second] = [a[entry] ?? 0, b[entry] ?? 0];
  if (isText) return hashBytes(bytes, first, second);
  const hash = Math.imul(first ^ Math.imul(second, 0x9e37_79b1), 0x85eb_ca6b);
  return hash ^ (hash >>> 15);
}

function isSame({ bytes, isText, a, b }: Keys, one: number, other: number): boolean {
  const [a1, b1, a2, b2] = [a[one] ?? 0, b[one] ?? 0, a[other] ?? 0, b[other] ?? 0];
  if (!isText) return a1 === a2 && b1 === b2;
  return b1 - a1 === b2 - a2 && equalBytes(bytes, a1, bytes, a2, b1 - a1);
}
