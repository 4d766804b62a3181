import { faultAt } from './problems.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Bytes at which the plain part of a string ends. */
const STOPS = new Uint8Array(256).fill(1, 0, 0x20);
STOPS[QUOTE] = 1;
STOPS[BACKSLASH] = 1;

/** The offset of the closing quote, or its complement if the string has escapes. */
export function endOfString(bytes: Uint8Array, start: number): number {
  const size = bytes.length;
  let hasEscapes = false;
  let at = start + 1;
  for (;;) {
    while (STOPS[bytes[at] ?? 0] === 0) at += 1;
    const byte = bytes[at];
    if (byte === QUOTE) return hasEscapes ? ~at : at;
    if (at >= size) break;
    if (byte !== BACKSLASH) throw faultAt(bytes, at, 'a control character in a string must be escaped.');
    hasEscapes = true;
    at += escapeLength(bytes, at);
  }
  throw faultAt(bytes, size, 'the body ends inside a string.');
}

const ESCAPES = new Set(Buffer.from('"\\/bfnrt'));
const UNICODE_ESCAPE = 0x75;

function escapeLength(bytes: Uint8Array, at: number): number {
  const kind = bytes[at + 1] ?? 0;
  if (ESCAPES.has(kind)) return 2;
  const isUnicode = kind === UNICODE_ESCAPE && isHex(bytes[at + 2]) && isHex(bytes[at + 3]);
  if (isUnicode && isHex(bytes[at + 4]) && isHex(bytes[at + 5])) return 6;
  throw faultAt(bytes, at, 'this escape is not one of \\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX.');
}

const isHex = (byte: number | undefined): boolean =>
  byte !== undefined && ((byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66));
