import { MessageLimitError } from '../errors.ts';
import { base64Length, encodeBase64 } from './base64.ts';

const MAX_CHUNK_BYTES = 2 ** 20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** How control characters are written, by their codes. */
const ESCAPES: readonly Uint8Array[] = Array.from({ length: 0x20 }, (_, code) =>
  Buffer.from(JSON.stringify(String.fromCharCode(code)).slice(1, -1)),
);
/** A string of up to this many bytes is written in one piece, with room for escapes of all of them. */
const SHORT_TEXT = 128;
const MAX_ESCAPE_BYTES = 6;

/** Writes JSON as UTF-8, in pieces that are never copied. Throws `MessageLimitError` beyond the limit. */
export class JsonWriter {
  readonly #maxBytes: number;
  readonly #full: Uint8Array[] = [];
  #fullBytes = 0;
  #chunk: Uint8Array;
  #at = 0;

  constructor(capacity: number, maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#chunk = new Uint8Array(Math.max(256, Math.min(capacity, MAX_CHUNK_BYTES)));
  }

  byte(byte: number): void {
    this.#reserve(1);
    this.#chunk[this.#at++] = byte;
  }

  /** A text of ASCII characters only. */
  ascii(text: string): void {
    this.#reserve(text.length);
    for (let i = 0; i < text.length; i += 1) this.#chunk[this.#at++] = text.charCodeAt(i);
  }

  raw(bytes: Uint8Array, start = 0, end = bytes.length): void {
    let from = start;
    while (from < end) {
      this.#reserve(Math.min(end - from, MAX_CHUNK_BYTES));
      const length = Math.min(end - from, this.#chunk.length - this.#at);
      if (length < 32) for (let i = 0; i < length; i += 1) this.#chunk[this.#at + i] = bytes[from + i] ?? 0;
      else this.#chunk.set(bytes.subarray(from, from + length), this.#at);
      this.#at += length;
      from += length;
    }
  }

  /** A string of valid UTF-8, quoted and escaped as `JSON.stringify` does. */
  string(bytes: Uint8Array, start: number, end: number): void {
    this.byte(QUOTE);
    for (let from = start; from < end; from += SHORT_TEXT) this.#escaped(bytes, from, Math.min(end, from + SHORT_TEXT));
    this.byte(QUOTE);
  }

  /** Bytes as a string of base64. */
  base64(bytes: Uint8Array, start: number, end: number): void {
    this.byte(QUOTE);
    const step = (MAX_CHUNK_BYTES / 4) * 3;
    for (let from = start; from < end; from += step) {
      const stop = Math.min(end, from + step);
      this.#reserve(base64Length(stop - from));
      this.#at = encodeBase64(bytes, from, stop, this.#chunk, this.#at);
    }
    this.byte(QUOTE);
  }

  /** Everything, one piece after the other. */
  finish(): readonly Uint8Array[] {
    if (this.#fullBytes + this.#at > this.#maxBytes) throw new MessageLimitError(this.#maxBytes);
    return [...this.#full, this.#chunk.subarray(0, this.#at)];
  }

  #escaped(bytes: Uint8Array, start: number, end: number): void {
    this.#reserve(MAX_ESCAPE_BYTES * (end - start));
    for (let from = start; from < end; from += 1) {
      const byte = bytes[from] ?? 0;
      if (byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH) this.#chunk[this.#at++] = byte;
      else if (byte >= 0x20) {
        this.#chunk[this.#at++] = BACKSLASH;
        this.#chunk[this.#at++] = byte;
      } else for (const each of ESCAPES[byte] ?? []) this.#chunk[this.#at++] = each;
    }
  }

  #reserve(length: number): void {
    if (this.#at + length <= this.#chunk.length) return;
    this.#fullBytes += this.#at;
    if (this.#fullBytes > this.#maxBytes) throw new MessageLimitError(this.#maxBytes);
    this.#full.push(this.#chunk.subarray(0, this.#at));
    this.#chunk = new Uint8Array(Math.max(length, Math.min(MAX_CHUNK_BYTES, 2 * this.#chunk.length)));
    this.#at = 0;
  }
}
