import { INTEGER_RANGES, type IntegerType, isInteger, isWide, MAX_FLOAT } from '../codec/ranges.ts';
import type { ScalarType } from '../descriptor/model.ts';
import type { protobuf } from '../protobuf.ts';
import { nameOf } from './shape.ts';

/** What is wrong with a JSON value of a scalar field; undefined when nothing is. */
export function checkScalar(type: ScalarType, value: unknown): string | undefined {
  if (isInteger(type)) return checkInteger(type, value);
  if (type === 'double' || type === 'float') return checkFloat(type, value);
  if (type === 'bool') return typeof value === 'boolean' ? undefined : `Must be true or false, not ${nameOf(value)}.`;
  if (typeof value !== 'string') {
    return `Must be ${type === 'bytes' ? 'a base64 string' : 'a string'}, not ${nameOf(value)}.`;
  }
  if (type === 'bytes') return isBase64(value) ? undefined : 'Must be base64: this string is not.';
  return checkText(value);
}

/** What is wrong with a string; undefined when nothing is. */
export const checkText = (value: string): string | undefined =>
  value.isWellFormed() ? undefined : 'Must be Unicode text: half of a surrogate pair is missing.';

/** Numbers as strings: what a JSON number may look like, and a leading `+`, `.` or zeros. */
const NUMERIC = /^[+-]?(?:[0-9]*\.[0-9]+|[0-9]+\.?)(?:[eE][+-]?[0-9]+)?$/;
const DIGITS = /^[+-]?[0-9]+$/;

function checkInteger(type: IntegerType, value: unknown): string | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return `Must be an integer, not ${nameOf(value)}.`;
  if (typeof value === 'string' && !NUMERIC.test(value)) return 'Must be an integer: this string is not.';
  if (typeof value === 'string' && DIGITS.test(value)) return checkRange(type, BigInt(value.replace(/^\+/, '')));
  const number = Number(value);
  if (!Number.isInteger(number)) {
    return Number.isFinite(number) ? 'Must be an integer, not a fraction.' : outOfRange(type);
  }
  const wrong = checkRange(type, BigInt(number));
  if (wrong === undefined && isWide(type) && !Number.isSafeInteger(number)) {
    return 'Must be sent as a string of digits: a JSON number beyond 9007199254740991 loses digits on the way.';
  }
  return wrong;
}

function checkRange(type: IntegerType, value: bigint): string | undefined {
  const [min, max] = INTEGER_RANGES[type];
  return value >= min && value <= max ? undefined : outOfRange(type);
}

const outOfRange = (type: IntegerType): string =>
  `Must be between ${INTEGER_RANGES[type][0]} and ${INTEGER_RANGES[type][1]} (${type}).`;

function checkFloat(type: 'double' | 'float', value: unknown): string | undefined {
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return undefined;
  if (typeof value !== 'number' && typeof value !== 'string') return `Must be a number, not ${nameOf(value)}.`;
  if (typeof value === 'string' && !NUMERIC.test(value)) return 'Must be a number: this string is not.';
  const number = Number(value);
  const limit = type === 'float' ? MAX_FLOAT : Number.MAX_VALUE;
  return Math.abs(number) <= limit ? undefined : `Must be between -${limit} and ${limit} (${type}).`;
}

const STANDARD = /^[A-Za-z0-9+/]*={0,2}$/;
const URL_SAFE = /^[A-Za-z0-9_-]*={0,2}$/;

/** One of the two alphabets of RFC 4648, padded fully or not at all. */
function isBase64(value: string): boolean {
  if (!STANDARD.test(value) && !URL_SAFE.test(value)) return false;
  return value.endsWith('=') ? value.length % 4 === 0 : value.length % 4 !== 1;
}

/** What is wrong with a JSON value of an enum field; undefined when nothing is. Unknown numbers are valid in proto3. */
export function checkEnum(type: protobuf.Enum, value: unknown): string | undefined {
  const isNull = type.fullName === '.google.protobuf.NullValue' && value === null;
  if (isNull || (typeof value === 'string' && Object.hasOwn(type.values, value))) return undefined;
  const names = Object.keys(type.values);
  if (typeof value === 'number') return (value | 0) === value ? undefined : checkInteger('int32', value);
  return `Must be one of ${names.slice(0, 20).join(', ')}${names.length > 20 ? ' …' : ''}.`;
}

/** The whole number that a map key stands for, as text; undefined when it is none of the type. */
export function integerKey(type: IntegerType, key: string): string | undefined {
  if (!(INTEGER_RANGES[type][0] === 0n ? /^[0-9]+$/ : /^-?[0-9]+$/).test(key)) return undefined;
  return checkRange(type, BigInt(key)) === undefined ? String(BigInt(key)) : undefined;
}
