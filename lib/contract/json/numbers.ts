import { exponentOf } from './integers.ts';
import { asciiOf } from './strings.ts';

const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
/** So many digits always fit a double. */
const SAFE_DIGITS = 15;
const POWERS = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);

/** The double nearest to a decimal number, infinite beyond the range. The bytes must be a number of JSON, or one of those that `isNumeric` takes. */
export function readDouble(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start];
  let at = first === MINUS || first === PLUS ? start + 1 : start;
  let value = 0;
  let digits = 0;
  let scale = 0;
  let isFraction = false;
  for (; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === DOT) isFraction = true;
    else if (byte < ZERO || byte > NINE) break;
    else {
      value = 10 * value + (byte - ZERO);
      digits += 1;
      if (isFraction) scale -= 1;
    }
  }
  if (at < end) scale += exponentOf(bytes, at, end);
  // Both operands are exact here, so one operation rounds once. `Number` takes five times as long.
  if (digits > SAFE_DIGITS || scale < -22 || scale > 22) return Number(asciiOf(bytes, start, end));
  const exact = scale < 0 ? value / (POWERS[-scale] ?? 1) : value * (POWERS[scale] ?? 1);
  return first === MINUS ? -exact : exact;
}

/** Whether a text is a number in the form that proto3 JSON takes in strings: as in JSON, or with a `+`, more zeros, or a bare point. */
export function isNumeric(bytes: Uint8Array, start: number, end: number): boolean {
  let at = bytes[start] === MINUS || bytes[start] === PLUS ? start + 1 : start;
  const integers = digitsFrom(bytes, at, end);
  at += integers;
  if (bytes[at] === DOT && at < end) {
    const fractions = digitsFrom(bytes, at + 1, end);
    if (integers + fractions === 0) return false;
    at += 1 + fractions;
  } else if (integers === 0) return false;
  if (at < end && ((bytes[at] ?? 0) | 0x20) === 0x65) {
    at += 1;
    if (bytes[at] === MINUS || bytes[at] === PLUS) at += 1;
    const exponent = digitsFrom(bytes, at, end);
    if (exponent === 0) return false;
    at += exponent;
  }
  return at === end;
}

function digitsFrom(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] ?? 0) >= ZERO && (bytes[at] ?? 0) <= NINE) at += 1;
  return at - start;
}
