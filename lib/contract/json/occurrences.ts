import { isWide } from '../codec/ranges.ts';
import type { ScalarType } from '../descriptor/model.ts';
import type { MessagePlan } from './message-plan.ts';
import { equalBytes, hashBytes, hashHalves } from './strings.ts';
import type { WireCursor } from './wire-cursor.ts';
import { FIXED_32, FIXED_64, VARINT, wireTypeOf } from './wire-types.ts';

const NONE = -1;

/**
 * Locates the fields of messages: one list per field, all in one reused array. Bytes may have fields in any order, but
 * JSON is written in the order of the .proto file. Each message is scanned once.
 */
export class Occurrences {
  /** Two numbers per field of each open message: its first and its last occurrence. */
  #slots = new Int32Array(64);
  #usedSlots = 0;
  /** Two numbers per occurrence: the offset of its tag, and the next occurrence of the field. */
  #list = new Int32Array(256);
  #used = 0;

  /** Collects the fields of the message from the cursor to `end`. `release` frees them. */
  collect(cursor: WireCursor, plan: MessagePlan, end: number): MessageFields {
    const fields = { slots: this.#usedSlots, used: this.#used };
    this.#openSlots(plan.fields.length);
    while (cursor.at < end) {
      const start = cursor.at;
      const tag = cursor.tag(end);
      const field = plan.byNumber.get(tag >>> 3);
      if (field?.wireTypes.includes(tag & 7)) this.#note(fields.slots + 2 * field.index, start);
      cursor.skip(tag, end);
    }
    return fields;
  }

  release({ slots, used }: MessageFields): void {
    this.#usedSlots = slots;
    this.#used = used;
  }

  /** The first occurrence of a field; negative if there is none. */
  first({ slots }: MessageFields, index: number): number {
    return this.#slots[slots + 2 * index] ?? NONE;
  }

  last({ slots }: MessageFields, index: number): number {
    return this.#slots[slots + 2 * index + 1] ?? NONE;
  }

  /** The next occurrence of the same field; negative after the last one. */
  next(occurrence: number): number {
    return this.#list[occurrence + 1] ?? NONE;
  }

  /** The offset of the tag. */
  offset(occurrence: number): number {
    return this.#list[occurrence] ?? 0;
  }

  #openSlots(fields: number): void {
    const needed = this.#usedSlots + 2 * fields;
    if (needed > this.#slots.length) this.#slots = grown(this.#slots, needed);
    this.#slots.fill(NONE, this.#usedSlots, needed);
    this.#usedSlots = needed;
  }

  #note(slot: number, offset: number): void {
    const occurrence = this.#used;
    if (occurrence + 2 > this.#list.length) this.#list = grown(this.#list, occurrence + 2);
    this.#list[occurrence] = offset;
    this.#list[occurrence + 1] = NONE;
    this.#used += 2;
    if (this.#slots[slot] === NONE) this.#slots[slot] = occurrence;
    else this.#list[(this.#slots[slot + 1] ?? 0) + 1] = occurrence;
    this.#slots[slot + 1] = occurrence;
  }
}

/** The fields of one message. */
export interface MessageFields {
  readonly slots: number;
  readonly used: number;
}

function grown(ints: Int32Array<ArrayBuffer>, needed: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(needed, 2 * ints.length));
  larger.set(ints);
  return larger;
}

const DROPPED = -1;

/** Keys of map entries: start and end of a text, otherwise the two halves of a number. */
interface Keys {
  readonly bytes: Uint8Array;
  readonly isText: boolean;
  readonly a: Int32Array;
  readonly b: Int32Array;
}

/**
 * Negates the offsets of map entries whose key is repeated later: JSON must not repeat a key, and the last one wins.
 * `offsets` point to the length prefixes of the entries. Linear time.
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
  return isText ? hashBytes(bytes, first, second) : hashHalves(second, first);
}

function isSame({ bytes, isText, a, b }: Keys, one: number, other: number): boolean {
  const [a1, b1, a2, b2] = [a[one] ?? 0, b[one] ?? 0, a[other] ?? 0, b[other] ?? 0];
  if (!isText) return a1 === a2 && b1 === b2;
  return b1 - a1 === b2 - a2 && equalBytes(bytes, a1, bytes, a2, b1 - a1);
}
