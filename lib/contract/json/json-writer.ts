import { isUnsigned, isWide, MAX_FLOAT } from '../codec/ranges.ts';
import type { ScalarType } from '../descriptor/model.ts';
import { MessageLimitError } from '../errors.ts';
import type { EnumPlan } from './message-plan.ts';
import { readNumber } from './occurrences.ts';
import { base64Length, encodeBase64 } from './strings.ts';
import type { WireCursor } from './wire-cursor.ts';

const MAX_CHUNK_BYTES = 2 ** 20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Escapes of control characters, by code. */
const ESCAPES: readonly Uint8Array[] = Array.from({ length: 0x20 }, (_, code) =>
  Buffer.from(JSON.stringify(String.fromCharCode(code)).slice(1, -1)),
);
/** Strings up to this size are written at once, with space for escapes of all bytes. */
const SHORT_TEXT = 128;
const MAX_ESCAPE_BYTES = 6;

/** Writes JSON as UTF-8 in chunks that are never copied. Throws `MessageLimitError` above the limit. */
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

  /** Writes ASCII text. */
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

  /** Writes valid UTF-8 as a JSON string, with the escapes of `JSON.stringify`. */
  string(bytes: Uint8Array, start: number, end: number): void {
    this.byte(QUOTE);
    for (let from = start; from < end; from += SHORT_TEXT) this.#escaped(bytes, from, Math.min(end, from + SHORT_TEXT));
    this.byte(QUOTE);
  }

  /** Writes bytes as a base64 string. */
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

  /** All chunks in order. */
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

/** Writes the scalar value at the cursor. */
export function writeScalar(type: ScalarType, cursor: WireCursor, out: JsonWriter): void {
  const limit = cursor.bytes.length;
  if (type === 'string' || type === 'bytes') {
    const end = cursor.delimited(limit);
    if (type === 'string') out.string(cursor.bytes, cursor.at, end);
    else out.base64(cursor.bytes, cursor.at, end);
    cursor.at = end;
    return;
  }
  readNumber(cursor, type, limit);
  if (type === 'bool') out.ascii(cursor.low !== 0 || cursor.high !== 0 ? 'true' : 'false');
  else if (type === 'double' || type === 'float') writeFloat(type, cursor, out);
  else if (isWide(type)) {
    out.byte(QUOTE);
    out.ascii(wideText(type, cursor));
    out.byte(QUOTE);
  } else out.ascii(String(narrow(type, cursor.low)));
}

/** Writes the map key at the cursor. */
export function writeKey(type: ScalarType, cursor: WireCursor, out: JsonWriter): void {
  if (type === 'string' || isWide(type)) writeScalar(type, cursor, out);
  else {
    out.byte(QUOTE);
    writeScalar(type, cursor, out);
    out.byte(QUOTE);
  }
}

/** Writes the enum value at the cursor: its name, or its number if it has no name. */
export function writeEnum({ isNull, jsonOf }: EnumPlan, cursor: WireCursor, out: JsonWriter): void {
  cursor.varint(cursor.bytes.length);
  const number = cursor.low | 0;
  const name = jsonOf.get(isNull ? 0 : number);
  if (name) out.raw(name);
  else out.ascii(String(number));
}

/** The number of a 32-bit varint or fixed value. */
function narrow(type: ScalarType, low: number): number {
  if (type === 'sint32') return (low >>> 1) ^ -(low & 1);
  return isUnsigned(type) ? low : low | 0;
}

/** The 64-bit number at the cursor, in digits. */
export function wideText(type: ScalarType, { low, high }: Pick<WireCursor, 'low' | 'high'>): string {
  if (type === 'sint64') {
    const sign = -(low & 1);
    const halves = { low: (((low >>> 1) | (high << 31)) ^ sign) >>> 0, high: ((high >>> 1) ^ sign) >>> 0 };
    return wideText('int64', halves);
  }
  const upper = isUnsigned(type) ? high : high | 0;
  if (upper >= -(2 ** 20) && upper < 2 ** 20) return String(upper * 2 ** 32 + low);
  return String((BigInt(upper) << 32n) | BigInt(low));
}

const halves = new Uint32Array(2);
const double = new Float64Array(halves.buffer);
const float = new Float32Array(halves.buffer);

/** The double at the cursor. */
export function doubleOf({ low, high }: Pick<WireCursor, 'low' | 'high'>): number {
  halves[0] = low;
  halves[1] = high;
  return double[0] ?? 0;
}

function writeFloat(type: 'double' | 'float', cursor: WireCursor, out: JsonWriter): void {
  const value = type === 'double' ? doubleOf(cursor) : floatOf(cursor);
  if (Number.isFinite(value)) out.ascii(String(type === 'float' ? shortestFloat(value) : value));
  else out.ascii(`"${value}"`);
}

function floatOf({ low }: WireCursor): number {
  halves[0] = low;
  return float[0] ?? 0;
}

/** The shortest decimal of the same `float`: 0.1, not 0.10000000149011612. */
function shortestFloat(value: number): number {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 24) return value;
  for (let digits = 6; digits < 9; digits += 1) {
    const shorter = Number(value.toPrecision(digits));
    // The short form of the largest float is out of range.
    if (Math.fround(shorter) === value && Math.abs(shorter) <= MAX_FLOAT) return shorter;
  }
  return value;
}
