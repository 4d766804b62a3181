import { type FieldError, UnreadableMessageError } from '../errors.ts';
import type { JsonTape } from './json-tape.ts';
import { textOf } from './strings.ts';

/** A step of a path: an element index, the complement of a key's tape entry, or a missing key. */
type Step = number | string;

export const MAX_PROBLEMS = 100;
/** A longer pointer is cut to an enclosing value. */
const MAX_POINTER_LENGTH = 1000;

/** The JSON pointer (RFC 6901) to a member of an object. */
export const pointerTo = (name: string): string => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** Stops reading a body after the maximum number of problems. */
export class TooManyProblems extends Error {
  override readonly name = 'TooManyProblems';
}

/** Collects problems and their positions while a value is read. */
export class Problems {
  readonly errors: FieldError[] = [];
  /** Path from the body to the current value. */
  readonly path: Step[] = [];
  readonly #tape: JsonTape;

  constructor(tape: JsonTape) {
    this.#tape = tape;
  }

  /** Adds a problem at the current value. Throws `TooManyProblems` at the maximum. */
  add(message: string): void {
    this.errors.push({ pointer: this.#pointer(), message });
    if (this.errors.length < MAX_PROBLEMS) return;
    this.errors.push({
      pointer: '',
      message: `There may be more: only the first ${MAX_PROBLEMS} problems are listed.`,
    });
    throw new TooManyProblems();
  }

  /** Adds a problem at the member with this key entry. */
  addAt(keyEntry: number, message: string): void {
    this.path.push(~keyEntry);
    this.add(message);
    this.path.pop();
  }

  /** The key at a tape entry, shortened if it exceeds the pointer length. */
  keyAt(entry: number): string {
    const { bytes, entries } = this.#tape;
    const start = (entries[entry] ?? 0) + 1;
    const end = entries[entry + 1] ?? 0;
    const length = (end < 0 ? ~end : end) - start;
    // Too long even if it is all escapes. Not decoded, because it may have many problems.
    if (length > 6 * MAX_POINTER_LENGTH) return textOf(bytes, start, start + 6 * MAX_POINTER_LENGTH);
    return JSON.parse(textOf(bytes, start - 1, start + length + 1)) as string;
  }

  #pointer(): string {
    let pointer = '';
    for (const step of this.path) {
      const key = typeof step === 'number' && step < 0 ? this.keyAt(~step) : String(step);
      const longer = pointer + pointerTo(key);
      if (longer.length > MAX_POINTER_LENGTH) break;
      pointer = longer;
    }
    return pointer;
  }
}

/** The expected input of the scanner, by state. */
const EXPECTED = [
  'a value',
  'a value or "]"',
  'a key in double quotes',
  'a key in double quotes or "}"',
  '":" after the key',
  '"," or "}"',
  '"," or "]"',
  'the end of the body',
] as const;

const MAX_QUOTED = 40;

const quote = (text: string): string =>
  JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);

export function unexpected(bytes: Uint8Array, at: number, state: number): UnreadableMessageError {
  const text = textOf(bytes, at, at + 4 * MAX_QUOTED);
  const word = /^[A-Za-z_$][A-Za-z0-9_$]*/.exec(text)?.[0] ?? String.fromCodePoint(text.codePointAt(0) ?? 0);
  const found = at >= bytes.length ? 'the body ends here' : `found ${quote(word)}`;
  return faultAt(bytes, at, `expected ${EXPECTED[state]}, but ${found}.`);
}

export function repeatedKey({ bytes, entries }: JsonTape, entry: number): UnreadableMessageError {
  const [start = 0, end = 0] = entries.subarray(entry, entry + 2);
  // Shortened before it is decoded: a key may be as long as the body.
  const text = textOf(bytes, start + 1, Math.min(end < 0 ? ~end : end, start + 12 * MAX_QUOTED));
  const key = end < 0 ? text.replaceAll(/\\u[0-9a-fA-F]{4}|\\["\\/bfnrt]/g, (each) => JSON.parse(`"${each}"`)) : text;
  return faultAt(bytes, start, `the key ${quote(key)} is given twice in the same object.`);
}

export function faultAt(bytes: Uint8Array, offset: number, message: string): UnreadableMessageError {
  let line = 1;
  let lineStart = 0;
  for (let at = bytes.indexOf(0x0a); at >= 0 && at < offset; at = bytes.indexOf(0x0a, at + 1)) {
    line += 1;
    lineStart = at + 1;
  }
  let column = 1;
  // Counts characters by their first bytes.
  for (let at = lineStart; at < offset; at += 1) column += ((bytes[at] ?? 0) & 0xc0) === 0x80 ? 0 : 1;
  return new UnreadableMessageError(`The body is not valid JSON: line ${line}, column ${column}: ${message}`);
}

/** A lenient decoder replaces invalid bytes: the first difference is the position. */
export function notUtf8(bytes: Uint8Array): UnreadableMessageError {
  const repaired = Buffer.from(Buffer.from(bytes).toString('utf8'), 'utf8');
  const offset = bytes.findIndex((byte, i) => byte !== repaired[i]);
  const place = offset === -1 ? bytes.length : offset;
  return new UnreadableMessageError(`The body is not UTF-8 text: byte ${place + 1} is invalid.`);
}
