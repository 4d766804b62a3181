import type { IntegerType } from '../codec/ranges.ts';
import { MessageLimitError } from '../errors.ts';

/** Memory of the last writer, for the next one: large arrays make V8 collect garbage. */
let spareBytes: Uint8Array<ArrayBuffer> | undefined;
let spareMessages: Int32Array<ArrayBuffer> | undefined;

/**
 * Writes protobuf fields sequentially. Records start and size of each nested message and inserts the length prefixes at
 * the end, so that nothing is written twice at any depth. Throws `MessageLimitError` above the limit. (protobufjs keeps
 * an object of 60 bytes per value.)
 */
export class WireWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #at = 0;
  readonly #limit: number;
  /** Two numbers per nested message, by start: offset without length prefixes, and size including nested messages. */
  #messages: Int32Array<ArrayBuffer>;
  /** Used numbers of them. */
  #nested = 0;
  /** Total size of all length prefixes. */
  #lengths = 0;

  constructor(capacity: number, limit: number) {
    const needed = Math.max(64, Math.min(capacity, limit));
    this.#bytes = spareBytes && spareBytes.length >= needed ? spareBytes : new Uint8Array(needed);
    this.#messages = spareMessages ?? new Int32Array(32);
    spareBytes = undefined;
    spareMessages = undefined;
    this.#view = new DataView(this.#bytes.buffer);
    this.#limit = limit;
  }

  /** Leaves the memory to the next writer. Must be the last call. */
  release(): void {
    spareBytes = this.#bytes;
    spareMessages = this.#messages;
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
      this.#view = new DataView(larger.buffer);
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
    if (this.#at + 8 > this.#bytes.length) this.reserve(8);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  float(value: number): void {
    if (this.#at + 4 > this.#bytes.length) this.reserve(4);
    this.#view.setFloat32(this.#at, value, true);
    this.#at += 4;
  }

  /** Writes a 64-bit integer in the encoding of its type. */
  integer(type: IntegerType, high: number, low: number): void {
    switch (type) {
      case 'int32':
      case 'int64':
      case 'uint32':
      case 'uint64':
        if (high === 0) this.varint32(low);
        else this.varint64(high, low);
        break;
      case 'sint32':
        this.varint32((low << 1) ^ (low >> 31));
        break;
      case 'sint64':
        this.varint64(((high << 1) | (low >>> 31)) ^ (high >> 31), (low << 1) ^ (high >> 31));
        break;
      case 'fixed32':
      case 'sfixed32':
        this.fixed32(low);
        break;
      default:
        this.fixed32(low);
        this.fixed32(high);
    }
  }

  /** Opens a length-prefixed value. Returns its number. */
  open(): number {
    const nested = this.#nested;
    if (nested === this.#messages.length) this.#messages = doubled(this.#messages);
    this.#messages[nested] = this.#at;
    this.#messages[nested + 1] = this.#lengths;
    this.#nested = nested + 2;
    return nested;
  }

  /** Closes a length-prefixed value. Returns its size. */
  close(nested: number): number {
    const messages = this.#messages;
    const size = this.#at - (messages[nested] ?? 0) + this.#lengths - (messages[nested + 1] ?? 0);
    messages[nested + 1] = size;
    this.#lengths += size < 0x80 ? 1 : varintLength(size);
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
    for (let nested = 0; nested < this.#nested; nested += 2) {
      const start = this.#messages[nested] ?? 0;
      to = copy(this.#bytes, from, start, out, to);
      to = writeVarint(out, to, this.#messages[nested + 1] ?? 0);
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
