import { UnreadableMessageError } from '../errors.ts';
import type { JsonTape } from './json-tape.ts';
import { textOf } from './strings.ts';

/** What may come next. */
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
  // Cut before it is decoded: a key may be as long as the body.
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
  // Counts the first bytes of characters.
  for (let at = lineStart; at < offset; at += 1) column += ((bytes[at] ?? 0) & 0xc0) === 0x80 ? 0 : 1;
  return new UnreadableMessageError(`The body is not valid JSON: line ${line}, column ${column}: ${message}`);
}

/** A lenient decoder replaces what is wrong: the first difference is the place. */
export function notUtf8(bytes: Uint8Array): UnreadableMessageError {
  const repaired = Buffer.from(Buffer.from(bytes).toString('utf8'), 'utf8');
  const offset = bytes.findIndex((byte, i) => byte !== repaired[i]);
  const place = offset === -1 ? bytes.length : offset;
  return new UnreadableMessageError(`The body is not UTF-8 text: byte ${place + 1} does not belong there.`);
}
