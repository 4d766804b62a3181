import { isUnsigned, isWide, MAX_FLOAT } from '../codec/ranges.ts';
import type { ScalarType } from '../descriptor/model.ts';
import type { JsonWriter } from './json-writer.ts';
import { readNumber } from './map-entries.ts';
import type { EnumPlan } from './message-plan.ts';
import type { WireCursor } from './wire-cursor.ts';

const QUOTE = 0x22;

/** Writes the scalar value that the cursor stands at. */
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

/** Writes the key of a map that the cursor stands at. */
export function writeKey(type: ScalarType, cursor: WireCursor, out: JsonWriter): void {
  if (type === 'string' || isWide(type)) writeScalar(type, cursor, out);
  else {
    out.byte(QUOTE);
    writeScalar(type, cursor, out);
    out.byte(QUOTE);
  }
}

/** Writes the enum value that the cursor stands at: its name, or its number where it has none. */
export function writeEnum({ isNull, jsonOf }: EnumPlan, cursor: WireCursor, out: JsonWriter): void {
  cursor.varint(cursor.bytes.length);
  const number = cursor.low | 0;
  const name = jsonOf.get(isNull ? 0 : number);
  if (name) out.raw(name);
  else out.ascii(String(number));
}

/** The number of 32 bits that a varint or fixed value of this type stands for. */
function narrow(type: ScalarType, low: number): number {
  if (type === 'sint32') return (low >>> 1) ^ -(low & 1);
  return isUnsigned(type) ? low : low | 0;
}

/** The number of 64 bits that the cursor has read, in digits. */
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

/** The double that the cursor has read. */
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

/** The number with the fewest digits that is the same `float`: 0.1 rather than 0.10000000149011612. */
function shortestFloat(value: number): number {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 24) return value;
  for (let digits = 6; digits < 9; digits += 1) {
    const shorter = Number(value.toPrecision(digits));
    // Of the largest float, the shorter form lies just out of range.
    if (Math.fround(shorter) === value && Math.abs(shorter) <= MAX_FLOAT) return shorter;
  }
  return value;
}
