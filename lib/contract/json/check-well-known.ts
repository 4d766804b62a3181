import type { ScalarType } from '../descriptor/model.ts';
import { type protobuf, protojson } from '../protobuf.ts';
import { checkScalar, checkText } from './check-scalar.ts';
import type { Problems } from './problems.ts';
import { isObject, MAX_DEPTH, nameOf, TOO_DEEP } from './shape.ts';

type Check = (type: protobuf.Type, value: unknown, problems: Problems, depth: number) => void;

export const ANY = '.google.protobuf.Any';

/** Whether JSON has a form of its own for the message. */
export const isWellKnown = ({ fullName }: protobuf.Type): boolean => fullName === ANY || CHECKS.has(fullName);

/** Like `checkMessage`, for the messages of google/protobuf that are not written as objects with their fields, save Any. */
export const checkWellKnown: Check = (type, value, problems, depth) =>
  CHECKS.get(type.fullName)?.(type, value, problems, depth);

const text =
  (expected: string): Check =>
  (type, value, problems) => {
    if (typeof value !== 'string') problems.add(`Must be ${expected}, not ${nameOf(value)}.`);
    else if (!isReadable(type, value)) problems.add(`Must be ${expected}: this string is not.`);
  };

function isReadable(type: protobuf.Type, value: string): boolean {
  try {
    protojson.fromJson(type, value);
    return value.isWellFormed();
  } catch {
    // It throws for exactly the strings that are not of the form.
    return false;
  }
}

const wrapper =
  (scalar: ScalarType): Check =>
  (_type, value, problems) => {
    const wrong = checkScalar(scalar, value);
    if (wrong !== undefined) problems.add(wrong);
  };

const checkStruct: Check = (_type, value, problems, depth) =>
  isObject(value) ? checkDynamic(value, problems, depth - 1) : problems.add(`Must be an object, not ${nameOf(value)}.`);

const checkList: Check = (_type, value, problems, depth) =>
  Array.isArray(value)
    ? checkDynamic(value, problems, depth - 1)
    : problems.add(`Must be an array, not ${nameOf(value)}.`);

/** Any JSON value. On the wire an object costs three levels of messages, an array two. */
function checkDynamic(value: unknown, problems: Problems, depth: number): void {
  if (depth > MAX_DEPTH) {
    problems.add(TOO_DEEP);
    return;
  }
  if (typeof value === 'string') {
    const wrong = checkText(value);
    if (wrong !== undefined) problems.add(wrong);
  } else if (typeof value === 'number') {
    if (!Number.isFinite(value)) problems.add('Must be a finite number.');
  } else if (typeof value === 'object' && value !== null) {
    checkMembers(value, problems, depth + (Array.isArray(value) ? 2 : 3));
  } else if (typeof value !== 'boolean' && value !== null) problems.add(`Must be a JSON value, not ${nameOf(value)}.`);
}

function checkMembers(value: object, problems: Problems, depth: number): void {
  for (const [key, member] of Object.entries(value)) {
    problems.enter(key);
    if (checkText(key) !== undefined)
      problems.add('The key must be Unicode text: half of a surrogate pair is missing.');
    checkDynamic(member, problems, depth);
    problems.leave();
  }
}

const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['.google.protobuf.Timestamp', text('a time such as "2026-01-31T12:00:00Z", from year 1 to 9999')],
  ['.google.protobuf.Duration', text('a duration in seconds such as "1.5s", up to 315576000000')],
  ['.google.protobuf.FieldMask', text('field paths in lowerCamelCase, separated by commas')],
  ['.google.protobuf.Struct', checkStruct],
  ['.google.protobuf.ListValue', checkList],
  ['.google.protobuf.Value', (_type, value, problems, depth) => checkDynamic(value, problems, depth)],
  ['.google.protobuf.DoubleValue', wrapper('double')],
  ['.google.protobuf.FloatValue', wrapper('float')],
  ['.google.protobuf.Int64Value', wrapper('int64')],
  ['.google.protobuf.UInt64Value', wrapper('uint64')],
  ['.google.protobuf.Int32Value', wrapper('int32')],
  ['.google.protobuf.UInt32Value', wrapper('uint32')],
  ['.google.protobuf.BoolValue', wrapper('bool')],
  ['.google.protobuf.StringValue', wrapper('string')],
  ['.google.protobuf.BytesValue', wrapper('bytes')],
]);
