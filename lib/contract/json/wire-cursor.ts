import { isUtf8 } from 'node:buffer';
import { MalformedWireError } from '../errors.ts';
import { END_GROUP, FIXED_32, FIXED_64, LENGTH_DELIMITED, MAX_DEPTH, START_GROUP, VARINT } from './wire-types.ts';

/** Reads protobuf bytes. Methods with an `end` throw `MalformedWireError` for a value beyond it. */
export class WireCursor {
  readonly bytes: Uint8Array;
  at = 0;
  /** Lower and upper 32 bits, unsigned, of the last varint or fixed value. */
  low = 0;
  high = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Throws for a tag above 32 bits and for field number 0. */
  tag(end: number): number {
    const start = this.at;
    this.varint(end);
    if (this.high !== 0 || this.at - start > 5 || this.low >>> 3 === 0)
      throw new MalformedWireError('The tag is malformed.');
    return this.low;
  }

  varint(end: number): void {
    const { bytes } = this;
    let at = this.at;
    const first = bytes[at] ?? 0;
    if (first < 0x80 && at < end) {
      this.low = first;
      this.high = 0;
      this.at = at + 1;
      return;
    }
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= end) throw new MalformedWireError('The bytes end inside a number.');
      const byte = bytes[at] ?? 0;
      at += 1;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        this.at = at;
        return;
      }
    }
    throw new MalformedWireError('A number has more than ten bytes.');
  }

  fixed32(end: number): void {
    const { bytes, at } = this;
    this.#need(4, end);
    const upper = ((bytes[at + 3] ?? 0) << 24) | ((bytes[at + 2] ?? 0) << 16);
    this.low = (upper | ((bytes[at + 1] ?? 0) << 8) | (bytes[at] ?? 0)) >>> 0;
    this.high = 0;
    this.at = at + 4;
  }

  fixed64(end: number): void {
    this.fixed32(end);
    const low = this.low;
    this.fixed32(end);
    this.high = this.low;
    this.low = low;
  }

  /** Reads a length prefix. Returns the end of the value, which starts at the cursor. */
  delimited(end: number): number {
    this.varint(end);
    const length = this.low;
    if (this.high !== 0 || length > end - this.at)
      throw new MalformedWireError('A length exceeds the end of the message.');
    return this.at + length;
  }

  /** Skips a value of this wire type. */
  skip(tag: number, end: number, depth = 0): void {
    const wireType = tag & 7;
    if (wireType === VARINT) this.varint(end);
    else if (wireType === FIXED_64) this.#pass(8, end);
    else if (wireType === LENGTH_DELIMITED) this.at = this.delimited(end);
    else if (wireType === START_GROUP) this.#skipGroup(tag >>> 3, end, depth + 1);
    else if (wireType === FIXED_32) this.#pass(4, end);
    else throw new MalformedWireError('The tag is malformed.');
  }

  /** Skips a string. Throws if it is not UTF-8. */
  skipText(end: number): void {
    const { bytes } = this;
    const stop = this.delimited(end);
    let isAscii = true;
    for (let at = this.at; at < stop && isAscii; at += 1) isAscii = (bytes[at] ?? 0) < 0x80;
    if (!isAscii && !isUtf8(bytes.subarray(this.at, stop))) throw new MalformedWireError('A string is not UTF-8.');
    this.at = stop;
  }

  #skipGroup(field: number, end: number, depth: number): void {
    if (depth > MAX_DEPTH) throw new MalformedWireError('Groups are nested too deeply.');
    for (;;) {
      const tag = this.tag(end);
      if ((tag & 7) !== END_GROUP) this.skip(tag, end, depth);
      else if (tag >>> 3 === field) return;
      else throw new MalformedWireError('A group end has no group start.');
    }
  }

  #pass(length: number, end: number): void {
    this.#need(length, end);
    this.at += length;
  }

  #need(length: number, end: number): void {
    if (end - this.at < length) throw new MalformedWireError('The bytes end inside a number.');
  }
}
