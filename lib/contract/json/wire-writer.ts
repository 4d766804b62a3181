import type { IntegerType } from '../codec/ranges.ts';
import { MessageLimitError } from '../errors.ts';
import { FIXED_64, VARINT, wireTypeOf } from './wire-types.ts';

const doubles = new Float64Array(1);
const floats = new Float32Array(1);
const doubleBytes = new Uint8Array(doubles.buffer);
const floatBytes = new Uint8Array(floats.buffer);

/**
 * Writes protobuf fields sequentially. Records start and size of each nested message and inserts the length prefixes at
 * the end, so that nothing is written twice at any depth. Throws `MessageLimitError` above the limit. (protobufjs keeps
 * an object of 60 bytes per value.)
 */
export class WireWriter {
  #bytes: Uint8Array;
  #at = 0;
  readonly #limit: number;
  /** Nested messages by start: offsets without length prefixes, and sizes including nested messages. */
  #starts = new Int32Array(16);
  #sizes = new Int32Array(16);
  #nested = 0;
  /** Total size of all length prefixes. */
  #lengths = 0;

  constructor(capacity: number, limit: number) {
    this.#bytes = new Uint8Array(Math.max(64, Math.min(capacity, limit)));
    this.#limit = limit;
  }

  get at(): number {
    return this.#at;
  }

  /** Discards everything after `at`. No message may have been opened since. */
  rewind(at: number): void {
    this.#at = at;
  }

  /** Reserves `length` bytes at `at`. `advance` tells how many were used. */
  reserve(length: number): Uint8Array {
    const needed = this.#at + length;
    if (needed > this.#bytes.length) {
      if (this.#at > this.#limit || length > this.#limit) throw new MessageLimitError(this.#limit);
      const larger = new Uint8Array(Math.max(needed, Math.min(this.#limit, 2 * this.#bytes.length)));
      larger.set(this.#bytes.subarray(0, this.#at));
      this.#bytes = larger;
    }
    return this.#bytes;
  }

  advance(to: number): void {
    this.#at = to;
  }

  varint32(value: number): void {
    const bytes = this.#at + 5 > this.#bytes.length ? this.reserve(5) : this.#bytes;
    if (value >= 0 && value < 0x80) {
      bytes[this.#at++] = value;
      return;
    }
    this.#at = writeVarint(bytes, this.#at, value);
  }

  varint64(high: number, low: number): void {
    const bytes = this.reserve(10);
    let at = this.#at;
    let [hi, lo] = [high >>> 0, low >>> 0];
    while (hi !== 0) {
      bytes[at++] = (lo & 0x7f) | 0x80;
      lo = ((lo >>> 7) | (hi << 25)) >>> 0;
      hi >>>= 7;
    }
    this.#at = writeVarint(bytes, at, lo);
  }

  fixed32(value: number): void {
    const bytes = this.reserve(4);
    for (let shift = 0; shift < 32; shift += 8) bytes[this.#at++] = (value >>> shift) & 0xff;
  }

  double(value: number): void {
    doubles[0] = value;
    this.reserve(8).set(doubleBytes, this.#at);
    this.#at += 8;
  }

  float(value: number): void {
    floats[0] = value;
    this.reserve(4).set(floatBytes, this.#at);
    this.#at += 4;
  }

  /** Writes a 64-bit integer in the encoding of its type. */
  integer(type: IntegerType, high: number, low: number): void {
    if (type === 'sint32') this.varint32((low << 1) ^ (low >> 31));
    else if (type === 'sint64') {
      this.varint64(((high << 1) | (low >>> 31)) ^ (high >> 31), (low << 1) ^ (high >> 31));
    } else if (wireTypeOf(type) === VARINT) {
      if (high === 0) this.varint32(low);
      else this.varint64(high, low);
    } else {
      this.fixed32(low);
      if (wireTypeOf(type) === FIXED_64) this.fixed32(high);
    }
  }

  /** Opens a length-prefixed value. Returns its number. */
  open(): number {
    const nested = this.#nested;
    if (nested === this.#starts.length) {
      this.#starts = doubled(this.#starts);
      this.#sizes = doubled(this.#sizes);
    }
    this.#starts[nested] = this.#at;
    this.#sizes[nested] = this.#lengths;
    this.#nested += 1;
    return nested;
  }

  /** Closes a length-prefixed value. Returns its size. */
  close(nested: number): number {
    const size = this.#at - (this.#starts[nested] ?? 0) + this.#lengths - (this.#sizes[nested] ?? 0);
    this.#sizes[nested] = size;
    this.#lengths += varintLength(size);
    if (this.#at + this.#lengths > this.#limit) throw new MessageLimitError(this.#limit);
    return size;
  }

  /** Discards an empty nested message and everything after `at`. */
  cancel(nested: number, at: number): void {
    this.#nested = nested;
    this.#at = at;
  }

  /** All bytes, with the length prefixes inserted. */
  finish(): Uint8Array {
    if (this.#at + this.#lengths > this.#limit) throw new MessageLimitError(this.#limit);
    const out = new Uint8Array(this.#at + this.#lengths);
    let from = 0;
    let to = 0;
    for (let nested = 0; nested < this.#nested; nested += 1) {
      const start = this.#starts[nested] ?? 0;
      to = copy(this.#bytes, from, start, out, to);
      to = writeVarint(out, to, this.#sizes[nested] ?? 0);
      from = start;
    }
    copy(this.#bytes, from, this.#at, out, to);
    return out;
  }
}

/** Below this size, a loop is faster than a call of `set`. */
const SHORT = 48;

function copy(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number {
  if (end - start > SHORT) {
    target.set(source.subarray(start, end), at);
    return at + end - start;
  }
  let to = at;
  for (let from = start; from < end; from += 1) target[to++] = source[from] ?? 0;
  return to;
}

function writeVarint(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  let rest = value >>> 0;
  while (rest > 0x7f) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) length += 1;
  return length;
}

function doubled(ints: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * ints.length);
  larger.set(ints);
  return larger;
}
