import type { IntegerType } from '../codec/ranges.ts';
import { asciiOf } from './strings.ts';

const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
/** Numbers of this many digits always fit a double. */
const SAFE_DIGITS = 15;
const POWERS = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);

/** The nearest double, infinite out of range. The bytes must be a JSON number or pass `isNumeric`. */
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
  // Both operands are exact, so one operation rounds once. `Number` takes five times as long.
  if (digits > SAFE_DIGITS || scale < -22 || scale > 22) return Number(asciiOf(bytes, start, end));
  const exact = scale < 0 ? value / (POWERS[-scale] ?? 1) : value * (POWERS[scale] ?? 1);
  return first === MINUS ? -exact : exact;
}

/** Accepts what proto3 JSON allows in strings: JSON numbers, also with `+`, leading zeros or a bare point. */
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

const TWO_32 = 2 ** 32;
/** Times 2^32, it is still an exact integer in a double. */
const MAX_FACTOR = 1e6;
const MAX_FACTOR_DIGITS = 6;
/** More digits than a 64-bit integer has. */
const MAX_DIGITS = 20;

export type IntegerFault = 'fraction' | 'range';

/** Number of bits and signedness of a type. */
const FORMS: Readonly<Record<IntegerType, readonly [bits: 32 | 64, isSigned: boolean]>> = {
  int32: [32, true],
  sint32: [32, true],
  sfixed32: [32, true],
  uint32: [32, false],
  fixed32: [32, false],
  int64: [64, true],
  sint64: [64, true],
  sfixed64: [64, true],
  uint64: [64, false],
  fixed64: [64, false],
};

/**
 * Reads decimal numbers as exact integers: `1e3` is 1000. Linear in the number of digits, and without BigInt, which
 * would double the time.
 */
export class IntegerReader {
  /** Upper and lower 32 bits of the last integer, as two's complement. */
  high = 0;
  low = 0;
  /** The last type, with its number of bits and signedness. */
  #type: IntegerType = 'int64';
  #bits = 64;
  #isSigned = true;

  /** Undefined on success. The bytes must be a JSON number or pass `isNumeric`. */
  read(bytes: Uint8Array, start: number, end: number, type: IntegerType): IntegerFault | undefined {
    const first = bytes[start];
    const isNegative = first === MINUS;
    const digits = isNegative || first === PLUS ? start + 1 : start;
    let value = 0;
    let at = digits;
    if (end - digits <= SAFE_DIGITS) {
      for (; at < end; at += 1) {
        const byte = bytes[at] ?? 0;
        if (byte < ZERO || byte > NINE) break;
        value = 10 * value + (byte - ZERO);
      }
    }
    if (at === end) {
      this.high = Math.floor(value / TWO_32);
      this.low = value >>> 0;
    } else {
      const fault = this.#readLong(bytes, digits, end);
      if (fault) return fault;
    }
    return this.#fit(isNegative, type);
  }

  /** Applies the sign if the magnitude is in the range of the type. */
  #fit(isNegative: boolean, type: IntegerType): IntegerFault | undefined {
    if (type !== this.#type) {
      this.#type = type;
      [this.#bits, this.#isSigned] = FORMS[type];
    }
    const [bits, isSigned] = [this.#bits, this.#isSigned];
    if (isNegative && (this.high !== 0 || this.low !== 0)) {
      if (!isSigned) return 'range';
      // The minimum has a magnitude one above the maximum.
      const isFit =
        bits === 32
          ? this.high === 0 && this.low <= 2 ** 31
          : this.high < 2 ** 31 || (this.high === 2 ** 31 && this.low === 0);
      this.low = -this.low >>> 0;
      this.high = (~this.high + (this.low === 0 ? 1 : 0)) >>> 0;
      return isFit ? undefined : 'range';
    }
    const limit = isSigned ? 2 ** 31 : TWO_32;
    const isFit = bits === 32 ? this.high === 0 && this.low < limit : this.high < limit;
    return isFit ? undefined : 'range';
  }

  /** Reads the magnitude of a number with many digits, a decimal point or an exponent. */
  #readLong(bytes: Uint8Array, start: number, end: number): IntegerFault | undefined {
    let seen = 0;
    let first = -1;
    let last = -1;
    let beforePoint = -1;
    let at = start;
    for (; at < end; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte === DOT) beforePoint = seen;
      else if (byte < ZERO || byte > NINE) break;
      else {
        if (byte !== ZERO) {
          if (first < 0) first = seen;
          last = seen;
        }
        seen += 1;
      }
    }
    this.high = 0;
    this.low = 0;
    if (first < 0) return undefined;
    // The decimal exponent of the last digit that is not zero.
    const scale = (beforePoint < 0 ? seen : beforePoint) - 1 - last + exponentOf(bytes, at, end);
    if (scale < 0) return 'fraction';
    if (last - first + 1 + scale > MAX_DIGITS) return 'range';
    return this.#append(bytes, { start, first, last, scale }) ? undefined : 'range';
  }

  /** Reads digits in groups, then trailing zeros. Returns false if they do not fit 64 bits. */
  #append(bytes: Uint8Array, { start, first, last, scale }: Digits): boolean {
    let group = 0;
    let factor = 1;
    for (let digit = 0, from = start; digit <= last; from += 1) {
      const byte = bytes[from] ?? 0;
      if (byte === DOT) continue;
      if (digit >= first) {
        group = 10 * group + (byte - ZERO);
        factor *= 10;
      }
      digit += 1;
      if (factor < MAX_FACTOR && digit <= last) continue;
      if (!this.#shift(factor, group)) return false;
      group = 0;
      factor = 1;
    }
    for (let zeros = scale; zeros > 0; zeros -= MAX_FACTOR_DIGITS) {
      if (!this.#shift(POWERS[Math.min(zeros, MAX_FACTOR_DIGITS)] ?? 1, 0)) return false;
    }
    return true;
  }

  /** Multiplies the integer by `factor` and adds `group`. Returns false if it does not fit 64 bits. */
  #shift(factor: number, group: number): boolean {
    const low = factor * this.low + group;
    const high = factor * this.high + Math.floor(low / TWO_32);
    if (high >= TWO_32) return false;
    this.low = low >>> 0;
    this.high = high;
    return true;
  }
}

/** Positions of the first and last digit that is not zero, relative to `start`. */
interface Digits {
  readonly start: number;
  readonly first: number;
  readonly last: number;
  /** Number of trailing zeros. */
  readonly scale: number;
}

/** The exponent after `e`, limited to a value that makes any number zero or infinite. */
function exponentOf(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return 0;
  const sign = bytes[start + 1];
  let exponent = 0;
  for (let at = sign === MINUS || sign === PLUS ? start + 2 : start + 1; at < end; at += 1) {
    exponent = Math.min(1e9, 10 * exponent + ((bytes[at] ?? ZERO) - ZERO));
  }
  return sign === MINUS ? -exponent : exponent;
}
