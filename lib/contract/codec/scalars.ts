import type { ScalarType } from '../descriptor/model.ts';
import { INTEGER_RANGES, isInteger, isUnsigned, isWide, MAX_FLOAT } from './ranges.ts';
import { toWide } from './wide.ts';

/** Checks a value and converts it for protobufjs. Throws a TypeError. */
export function toScalar(type: ScalarType, value: unknown, path: string): unknown {
  if (isInteger(type)) {
    if (!fitsInteger(type, value))
      throw new TypeError(`${path} must be ${isWide(type) ? 'a bigint' : 'an integer'} that fits ${type}.`);
    return typeof value === 'bigint' ? toWide(value, isUnsigned(type)) : value;
  }
  const expected = EXPECTED[type as keyof typeof EXPECTED];
  if (!expected.accepts(value)) throw new TypeError(`${path} must be ${expected.name}.`);
  return value;
}

function fitsInteger(type: keyof typeof INTEGER_RANGES, value: unknown): boolean {
  const [min, max] = INTEGER_RANGES[type];
  if (isWide(type)) return typeof value === 'bigint' && value >= min && value <= max;
  return Number.isInteger(value) && Number(value) >= Number(min) && Number(value) <= Number(max);
}

const EXPECTED = {
  double: { name: 'a number', accepts: (value: unknown) => typeof value === 'number' },
  float: {
    name: 'a number that fits float',
    accepts: (value: unknown) => typeof value === 'number' && !(Number.isFinite(value) && Math.abs(value) > MAX_FLOAT),
  },
  bool: { name: 'a boolean', accepts: (value: unknown) => typeof value === 'boolean' },
  string: {
    name: 'a string of whole Unicode characters',
    accepts: (value: unknown) => typeof value === 'string' && value.isWellFormed(),
  },
  bytes: { name: 'a Uint8Array', accepts: (value: unknown) => value instanceof Uint8Array },
} as const satisfies Partial<Record<ScalarType, { name: string; accepts: (value: unknown) => boolean }>>;

const DECIMAL = /^(?:0|-?[1-9][0-9]*)$/;

/** Throws a TypeError for a property name that is not a valid map key. */
export function checkKey(keyType: ScalarType, key: string, path: string): void {
  const fits = isInteger(keyType)
    ? DECIMAL.test(key) && BigInt(key) >= INTEGER_RANGES[keyType][0] && BigInt(key) <= INTEGER_RANGES[keyType][1]
    : keyType === 'bool'
      ? key === 'true' || key === 'false'
      : key.isWellFormed();
  if (!fits) throw new TypeError(`${path} has the key ${JSON.stringify(key)}, which is no ${keyType}.`);
}
