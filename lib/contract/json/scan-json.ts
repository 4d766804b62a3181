import { isUtf8 } from 'node:buffer';
import { findRepeatedKey, type JsonTape } from './json-tape.ts';
import { faultAt, notUtf8, repeatedKey, unexpected } from './problems.ts';
import { endOfString } from './scan-string.ts';
import { equalBytes } from './strings.ts';

const QUOTE = 0x22;
const MINUS = 0x2d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;

// The states of the scanner: indices of `EXPECTED`.
const VALUE = 0;
const VALUE_OR_END = 1;
const KEY = 2;
const KEY_OR_END = 3;
const AFTER_KEY = 4;
const AFTER_MEMBER = 5;
const AFTER_ELEMENT = 6;
const END = 7;

let tapeEntries = new Int32Array(256);

/**
 * Locates all values of a JSON text in one pass, at any depth. Throws `UnreadableMessageError` with the position of
 * invalid UTF-8, invalid JSON or a duplicate key.
 */
export function scanJson(bytes: Uint8Array): JsonTape {
  if (!isUtf8(bytes)) throw notUtf8(bytes);
  const needed = 2 * bytes.length + 2;
  if (tapeEntries.length < needed) tapeEntries = new Int32Array(needed);
  const tape = { bytes, entries: tapeEntries };
  scan(tape);
  return tape;
}

/** Parses JSON that is not a message. Throws like `scanJson`; `JSON.parse` would merge duplicate keys. */
export function parseJson(bytes: Uint8Array): unknown {
  scanJson(bytes);
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** Classes of bytes that start a value, a key or a separator. */
const SPACE = 1;
const NUMBER = 2;
const STRING = 3;
const SEPARATOR = 4;
const AFTER_NAME = 5;
const OPENING = 6;
const CLOSING = 7;
const KINDS = new Uint8Array(256);
for (const byte of Buffer.from(' \t\r\n')) KINDS[byte] = SPACE;
for (const byte of Buffer.from('-0123456789')) KINDS[byte] = NUMBER;
KINDS[QUOTE] = STRING;
KINDS[COMMA] = SEPARATOR;
KINDS[COLON] = AFTER_NAME;
for (const byte of [OPEN_BRACE, OPEN_BRACKET]) KINDS[byte] = OPENING;
for (const byte of [CLOSE_BRACE, CLOSE_BRACKET]) KINDS[byte] = CLOSING;

/** The progress of the scanner. */
interface Scan {
  at: number;
  /** Used numbers of the tape. */
  length: number;
  /** Entry of the innermost open object or array. Its second number is the enclosing entry. */
  open: number;
  state: number;
  /** The state after a value. */
  after: number;
}

/** In slices: V8 keeps the optimized code of a function, but compiles a loop again each time that it runs for long. */
const SLICE_BYTES = 16_384;

function scan(tape: JsonTape): void {
  const { bytes } = tape;
  const size = bytes.length;
  // Skips a byte order mark.
  const at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  const progress: Scan = { at, length: 0, open: -1, state: VALUE, after: END };
  while (progress.at < size) scanSlice(tape, progress, Math.min(size, progress.at + SLICE_BYTES));
  if (progress.state !== END) throw unexpected(bytes, size, progress.state);
}

/** One loop with all state in local variables: five times as fast as objects with methods. */
function scanSlice(tape: JsonTape, progress: Scan, until: number): void {
  const { bytes, entries } = tape;
  let { at, length, open, state, after } = progress;
  while (at < until) {
    const byte = bytes[at] ?? 0;
    switch (KINDS[byte]) {
      case SPACE:
        at += 1;
        continue;
      case NUMBER: {
        if (state > VALUE_OR_END) throw unexpected(bytes, at, state);
        const end = endOfNumber(bytes, at);
        entries[length] = at;
        entries[length + 1] = end;
        length += 2;
        at = end;
        break;
      }
      case STRING: {
        if (state > KEY_OR_END) throw unexpected(bytes, at, state);
        const end = endOfString(bytes, at);
        entries[length] = at;
        entries[length + 1] = end;
        length += 2;
        at = (end < 0 ? ~end : end) + 1;
        if (state < KEY) break;
        state = AFTER_KEY;
        if (bytes[at] !== COLON) continue;
        state = VALUE;
        at += 1;
        continue;
      }
      case SEPARATOR:
        if (state !== AFTER_MEMBER && state !== AFTER_ELEMENT) throw unexpected(bytes, at, state);
        state = state === AFTER_MEMBER ? KEY : VALUE;
        at += 1;
        continue;
      case AFTER_NAME:
        if (state !== AFTER_KEY) throw unexpected(bytes, at, state);
        state = VALUE;
        at += 1;
        continue;
      case OPENING:
        if (state > VALUE_OR_END) throw unexpected(bytes, at, state);
        entries[length] = at;
        entries[length + 1] = open;
        open = length;
        length += 2;
        state = byte === OPEN_BRACE ? KEY_OR_END : VALUE_OR_END;
        after = byte === OPEN_BRACE ? AFTER_MEMBER : AFTER_ELEMENT;
        at += 1;
        continue;
      case CLOSING: {
        const isEnd = state === after || state === (byte === CLOSE_BRACE ? KEY_OR_END : VALUE_OR_END);
        if (!isEnd || after !== (byte === CLOSE_BRACE ? AFTER_MEMBER : AFTER_ELEMENT))
          throw unexpected(bytes, at, state);
        const closed = open;
        open = entries[closed + 1] ?? -1;
        entries[closed + 1] = length;
        // An object of one member with a plain value has two more entries.
        const repeated = byte === CLOSE_BRACE && length > closed + 6 ? findRepeatedKey(tape, closed) : -1;
        if (repeated >= 0) throw repeatedKey(tape, repeated);
        if (open < 0) after = END;
        else after = bytes[entries[open] ?? 0] === OPEN_BRACE ? AFTER_MEMBER : AFTER_ELEMENT;
        at += 1;
        break;
      }
      default: {
        if (state > VALUE_OR_END) throw unexpected(bytes, at, state);
        const end = endOfWord(bytes, at, state);
        entries[length] = at;
        entries[length + 1] = end;
        length += 2;
        at = end;
      }
    }
    // Behind a value. Mostly a comma follows, which needs no other turn.
    state = after;
    if (bytes[at] !== COMMA || after === END) continue;
    state = after === AFTER_MEMBER ? KEY : VALUE;
    at += 1;
  }
  progress.at = at;
  progress.length = length;
  progress.open = open;
  progress.state = state;
  progress.after = after;
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;

const isLetter = (byte: number | undefined): boolean =>
  byte !== undefined && (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;

function endOfNumber(bytes: Uint8Array, start: number): number {
  const integers = bytes[start] === MINUS ? start + 1 : start;
  let at = pastDigits(bytes, integers);
  let isWhole = at > integers && (bytes[integers] !== 0x30 || at === integers + 1);
  const kind = KINDS[bytes[at] ?? 0];
  // Fast path: most numbers are integers.
  if (isWhole && (kind === SEPARATOR || kind === CLOSING || kind === SPACE)) return at;
  if (bytes[at] === 0x2e) {
    const fractions = at + 1;
    at = pastDigits(bytes, fractions);
    isWhole &&= at > fractions;
  }
  if (bytes[at] === 0x65 || bytes[at] === 0x45) {
    const exponents = bytes[at + 1] === 0x2b || bytes[at + 1] === MINUS ? at + 2 : at + 1;
    at = pastDigits(bytes, exponents);
    isWhole &&= at > exponents;
  }
  const next = bytes[at];
  // A character that continues the number makes it malformed.
  if (isWhole && !isDigit(next) && !isLetter(next) && next !== 0x2e && next !== 0x2b && next !== MINUS) return at;
  throw faultAt(bytes, start, 'this number is malformed.');
}

function pastDigits(bytes: Uint8Array, start: number): number {
  let at = start;
  for (let byte = bytes[at] ?? 0; byte >= 0x30 && byte <= 0x39; byte = bytes[at] ?? 0) at += 1;
  return at;
}

const WORDS = ['true', 'false', 'null'].map((word) => Buffer.from(word));

function endOfWord(bytes: Uint8Array, at: number, state: number): number {
  const word = WORDS.find((each) => equalBytes(each, 0, bytes, at, each.length));
  const end = at + (word?.length ?? 0);
  const next = bytes[end];
  if (!word || isLetter(next) || isDigit(next) || next === 0x5f || next === 0x24) throw unexpected(bytes, at, state);
  return end;
}
