import { INTEGER_RANGES, type IntegerType, isUnsigned, MAX_FLOAT } from '../codec/ranges.ts';
import type { ScalarType } from '../descriptor/model.ts';
import { type JsonTape, nameOf } from './json-tape.ts';
import { type EnumPlan, type FieldPlan, NameTable } from './message-plan.ts';
import { IntegerReader, isNumeric, readDouble } from './numbers.ts';
import { decodeBase64, equalBytes, scratchOf, textOf, unescapeInto } from './strings.ts';

import type { WireWriter } from './wire-writer.ts';

const QUOTE = 0x22;
/** Maximum size of a 32-bit length as a varint. */
const MAX_LENGTH_BYTES = 5;
const NOT_UNICODE = 'Must be Unicode text: half of a surrogate pair is missing.';

/** The result of writing a value: not the default of its type, the default, or an error. */
export type Written = 'value' | 'default' | { readonly fault: string };

const SPECIAL = new NameTable([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

/** Types of which a digit is its own encoding. */
const PLAIN_VARINTS: ReadonlySet<ScalarType> = new Set(['int32', 'int64', 'uint32', 'uint64']);

const fault = (message: string): Written => ({ fault: message });

/** Validates JSON values of scalar fields and writes them without their tags. */
export class ScalarReader {
  /** The last integer. */
  readonly integer = new IntegerReader();
  readonly #tape: JsonTape;
  readonly #writer: WireWriter;
  /** The current string or number: in the body, or unescaped in a scratch buffer. */
  #text: Uint8Array;
  #start = 0;
  #end = 0;

  constructor(tape: JsonTape, writer: WireWriter) {
    this.#tape = tape;
    this.#writer = writer;
    this.#text = tape.bytes;
  }

  scalar(type: ScalarType, entry: number): Written {
    switch (type) {
      case 'string':
        return this.#string(entry);
      case 'double':
      case 'float':
        return this.#float(type, entry);
      case 'bool':
        return this.#bool(entry);
      case 'bytes':
        return this.#bytes(entry);
      default:
        return this.#integer(type, entry);
    }
  }

  /**
   * Writes elements of a list while they are integers of one digit, of which a body may have millions. Returns the entry
   * of the first other element.
   */
  digits({ value, number, isPacked }: FieldPlan, entry: number, end: number): number {
    if (value.kind !== 'scalar' || !PLAIN_VARINTS.has(value.scalar)) return entry;
    const { bytes, entries } = this.#tape;
    const writer = this.#writer;
    let each = entry;
    for (; each < end; each += 2) {
      const start = entries[each] ?? 0;
      const digit = (bytes[start] ?? 0) - 0x30;
      if ((entries[each + 1] ?? 0) - start !== 1 || digit < 0 || digit > 9) break;
      if (!isPacked) writer.varint32(number << 3);
      writer.varint32(digit);
    }
    return each;
  }

  /** Unknown numbers are valid in proto3. */
  enum(plan: EnumPlan, entry: number): Written {
    const kind = this.#kindOf(entry);
    let number: number | undefined;
    if (kind === QUOTE) {
      this.#load(entry);
      number = plan.byName.get(this.#text, this.#start, this.#end);
    } else if (kind === 0x6e && plan.isNull) number = 0;
    else if (isNumberByte(kind)) return this.#integer('int32', entry);
    if (number === undefined) {
      return fault(`Must be one of ${plan.names.slice(0, 20).join(', ')}${plan.names.length > 20 ? ' …' : ''}.`);
    }
    this.#writer.integer('int32', number < 0 ? -1 : 0, number);
    return number === 0 ? 'default' : 'value';
  }

  /** A number of `google.protobuf.Value`, as a double. */
  finite(entry: number): Written {
    const { bytes, entries } = this.#tape;
    const value = readDouble(bytes, entries[entry] ?? 0, entries[entry + 1] ?? 0);
    if (!Number.isFinite(value)) return fault('Must be a finite number.');
    this.#writer.double(value);
    return 'value';
  }

  /** A string with its length prefix. */
  text(entry: number): Written {
    if (!this.#load(entry)) return fault(NOT_UNICODE);
    const length = this.#end - this.#start;
    this.#writer.varint32(length);
    const out = this.#writer.reserve(length);
    if (length < 32) {
      for (let i = 0; i < length; i += 1) out[this.#writer.at + i] = this.#text[this.#start + i] ?? 0;
    } else out.set(this.#text.subarray(this.#start, this.#end), this.#writer.at);
    this.#writer.advance(this.#writer.at + length);
    return length === 0 ? 'default' : 'value';
  }

  /** Reads the key of an integer map into `integer`. Returns false for other keys. */
  integerKey(type: IntegerType, entry: number): boolean {
    if (!this.#load(entry)) return false;
    const digits = this.#text[this.#start] === 0x2d && !isUnsigned(type) ? this.#start + 1 : this.#start;
    if (digits === this.#end) return false;
    for (let at = digits; at < this.#end; at += 1) {
      const byte = this.#text[at] ?? 0;
      if (byte < 0x30 || byte > 0x39) return false;
    }
    return this.integer.read(this.#text, this.#start, this.#end, type) === undefined;
  }

  /** Whether a string equals this text. */
  is(entry: number, text: Uint8Array): boolean {
    this.#load(entry);
    return this.#end - this.#start === text.length && equalBytes(text, 0, this.#text, this.#start, text.length);
  }

  /** The text of a string, or undefined if it is longer than `maxLength` bytes. */
  shortText(entry: number, maxLength: number): string | undefined {
    if (!this.#load(entry) || this.#end - this.#start > maxLength) return undefined;
    return textOf(this.#text, this.#start, this.#end);
  }

  /** Whether the string is valid Unicode. Its text is between `start` and `end` of `bytes` until the next read. */
  content(entry: number) {
    const isWellFormed = this.#load(entry);
    return { isWellFormed, bytes: this.#text, start: this.#start, end: this.#end };
  }

  #string(entry: number): Written {
    return this.#kindOf(entry) === QUOTE
      ? this.text(entry)
      : fault(`Must be a string, not ${nameOf(this.#tape, entry)}.`);
  }

  #integer(type: IntegerType, entry: number): Written {
    const { bytes, entries } = this.#tape;
    const start = entries[entry] ?? 0;
    const kind = bytes[start] ?? 0;
    // Fast path for one digit, the most frequent integer: a quarter of the time.
    const first = kind === QUOTE ? start + 1 : start;
    const digit = (bytes[first] ?? 0) - 0x30;
    if ((entries[entry + 1] ?? 0) - first === 1 && digit >= 0 && digit <= 9) {
      this.#writer.integer(type, 0, digit);
      return digit === 0 ? 'default' : 'value';
    }
    if (kind !== QUOTE && !isNumberByte(kind)) return fault(`Must be an integer, not ${nameOf(this.#tape, entry)}.`);
    this.#load(entry);
    if (kind === QUOTE && !isNumeric(this.#text, this.#start, this.#end)) {
      return fault('Must be an integer: this string is not.');
    }
    const { integer } = this;
    const wrong = integer.read(this.#text, this.#start, this.#end, type);
    if (wrong) {
      const [min, max] = INTEGER_RANGES[type];
      return fault(
        wrong === 'range' ? `Must be between ${min} and ${max} (${type}).` : 'Must be an integer, not a fraction.',
      );
    }
    this.#writer.integer(type, integer.high, integer.low);
    return integer.high === 0 && integer.low === 0 ? 'default' : 'value';
  }

  #float(type: 'double' | 'float', entry: number): Written {
    const kind = this.#kindOf(entry);
    if (kind !== QUOTE && !isNumberByte(kind)) return fault(`Must be a number, not ${nameOf(this.#tape, entry)}.`);
    this.#load(entry);
    let value = Number.NaN;
    const special = kind === QUOTE ? SPECIAL.get(this.#text, this.#start, this.#end) : undefined;
    if (special === undefined) {
      if (kind === QUOTE && !isNumeric(this.#text, this.#start, this.#end)) {
        return fault('Must be a number: this string is not.');
      }
      value = readDouble(this.#text, this.#start, this.#end);
      const limit = type === 'float' ? MAX_FLOAT : Number.MAX_VALUE;
      if (Math.abs(value) > limit) return fault(`Must be between -${limit} and ${limit} (${type}).`);
    } else value = special;
    if (type === 'float') this.#writer.float(value);
    else this.#writer.double(value);
    return value === 0 ? 'default' : 'value';
  }

  #bool(entry: number): Written {
    const kind = this.#kindOf(entry);
    if (kind !== 0x74 && kind !== 0x66) return fault(`Must be true or false, not ${nameOf(this.#tape, entry)}.`);
    this.#writer.varint32(kind === 0x74 ? 1 : 0);
    return kind === 0x74 ? 'value' : 'default';
  }

  #bytes(entry: number): Written {
    if (this.#kindOf(entry) !== QUOTE) return fault(`Must be a base64 string, not ${nameOf(this.#tape, entry)}.`);
    this.#load(entry);
    // Decodes after the space of the longest length prefix, then moves the bytes to the actual one.
    const room = this.#writer.reserve(MAX_LENGTH_BYTES + Math.ceil((3 * (this.#end - this.#start)) / 4));
    const start = this.#writer.at + MAX_LENGTH_BYTES;
    const end = decodeBase64(this.#text, this.#start, this.#end, room, start);
    if (end < 0) return fault('Must be base64: this string is not.');
    this.#writer.varint32(end - start);
    room.copyWithin(this.#writer.at, start, end);
    this.#writer.advance(this.#writer.at + end - start);
    return end === start ? 'default' : 'value';
  }

  #kindOf(entry: number): number {
    return this.#tape.bytes[this.#tape.entries[entry] ?? 0] ?? 0;
  }

  /** Locates the text of a string or number. Returns false for an unpaired surrogate. */
  #load(entry: number): boolean {
    const { bytes, entries } = this.#tape;
    const start = entries[entry] ?? 0;
    const end = entries[entry + 1] ?? 0;
    this.#text = bytes;
    this.#start = bytes[start] === QUOTE ? start + 1 : start;
    this.#end = end;
    if (end >= 0) return true;
    this.#text = scratchOf(~end - this.#start);
    const length = unescapeInto(bytes, this.#start, ~end, this.#text, 0);
    this.#start = 0;
    this.#end = length < 0 ? ~length : length;
    return length >= 0;
  }
}

const isNumberByte = (byte: number): boolean => byte === 0x2d || (byte >= 0x30 && byte <= 0x39);
