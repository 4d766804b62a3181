import { type FieldPlan, planOf, type ValuePlan } from '../codec/plan.ts';
import { isInteger } from '../codec/ranges.ts';
import type { protobuf } from '../protobuf.ts';
import { typeOfUrl } from './any.ts';
import { checkEnum, checkScalar, checkText, integerKey } from './check-scalar.ts';
import { ANY, checkWellKnown, isWellKnown } from './check-well-known.ts';
import type { Problems } from './problems.ts';
import { isObject, MAX_DEPTH, nameOf, TOO_DEEP } from './shape.ts';

/** Finds everything in a JSON value that canonical proto3 JSON does not allow for the message. */
export function checkMessage(type: protobuf.Type, value: unknown, problems: Problems, depth: number): void {
  if (depth > MAX_DEPTH) problems.add(TOO_DEEP);
  else if (type.fullName === ANY) checkAny(type, value, problems, depth);
  else if (isWellKnown(type)) checkWellKnown(type, value, problems, depth);
  else if (isObject(value)) checkFields(type, Object.keys(value), value, problems, depth);
  else problems.add(`Must be an object, not ${nameOf(value)}.`);
}

/** Checks the members with these keys, which are all but those that do not belong to the message. */
function checkFields(
  type: protobuf.Type,
  keys: readonly string[],
  value: Readonly<Record<string, unknown>>,
  problems: Problems,
  depth: number,
): void {
  const { byJsonName } = planOf(type);
  const seen = new Map<FieldPlan, string>();
  const oneofs = new Map<string, string>();
  for (const key of keys) {
    problems.enter(key);
    const field = byJsonName.get(key);
    if (!field) problems.add(`Unknown field: ${type.name} has ${listNames(type)}.`);
    else if (seen.has(field)) problems.add(`Given twice: here and as ${JSON.stringify(seen.get(field))}.`);
    else {
      seen.set(field, key);
      checkMember(field, value[key], key, oneofs, problems, depth);
    }
    problems.leave();
  }
}

function listNames(type: protobuf.Type): string {
  const names = planOf(type).fields.map(({ protoName }) => protoName);
  if (names.length === 0) return 'no fields';
  return names.length > 20 ? `${names.slice(0, 20).join(', ')} …` : names.join(', ');
}

function checkMember(
  field: FieldPlan,
  value: unknown,
  key: string,
  oneofs: Map<string, string>,
  problems: Problems,
  depth: number,
): void {
  // Null means "not set", except where null is a value.
  if (value === null && !(field.cardinality === 'single' && takesNull(field.value))) return;
  const other = field.oneof === undefined ? undefined : oneofs.get(field.oneof);
  if (other !== undefined) problems.add(`Excluded by ${JSON.stringify(other)}: only one of the two may be set.`);
  if (field.oneof !== undefined) oneofs.set(field.oneof, key);
  if (field.cardinality === 'single') checkValue(field.value, value, problems, depth);
  else if (field.cardinality === 'repeated') checkElements(field.value, value, problems, depth);
  else checkEntries(field, value, problems, depth);
}

const takesNull = (plan: ValuePlan): boolean =>
  plan.kind !== 'scalar' && ['.google.protobuf.Value', '.google.protobuf.NullValue'].includes(plan.type.fullName);

function checkElements(plan: ValuePlan, value: unknown, problems: Problems, depth: number): void {
  if (!Array.isArray(value)) {
    problems.add(`Must be an array, not ${nameOf(value)}.`);
    return;
  }
  for (const [i, element] of value.entries()) {
    problems.enter(i);
    checkValue(plan, element, problems, depth);
    problems.leave();
  }
}

function checkEntries(field: FieldPlan, value: unknown, problems: Problems, depth: number): void {
  if (!isObject(value)) {
    problems.add(`Must be an object, not ${nameOf(value)}.`);
    return;
  }
  const seen = new Map<string, string>();
  for (const [key, element] of Object.entries(value)) {
    problems.enter(key);
    const normal = isInteger(field.keyType) ? integerKey(field.keyType, key) : key;
    const wrong = wrongKey(field, normal);
    if (wrong !== undefined) problems.add(wrong);
    else if (normal !== undefined && seen.has(normal)) {
      problems.add(`The same key as ${JSON.stringify(seen.get(normal))}.`);
    } else if (normal !== undefined) seen.set(normal, key);
    checkValue(field.value, element, problems, depth + 1);
    problems.leave();
  }
}

function wrongKey({ keyType }: FieldPlan, key: string | undefined): string | undefined {
  if (key === undefined) return `The key must be an integer that fits ${keyType}.`;
  if (keyType === 'bool') return key === 'true' || key === 'false' ? undefined : 'The key must be true or false.';
  return checkText(key) === undefined
    ? undefined
    : 'The key must be Unicode text: half of a surrogate pair is missing.';
}

function checkValue(plan: ValuePlan, value: unknown, problems: Problems, depth: number): void {
  if (plan.kind === 'message') {
    checkMessage(plan.type, value, problems, depth + 1);
    return;
  }
  const wrong = plan.kind === 'enum' ? checkEnum(plan.type, value) : checkScalar(plan.scalar, value);
  if (wrong !== undefined) problems.add(wrong);
}

function checkAny(type: protobuf.Type, value: unknown, problems: Problems, depth: number): void {
  if (!isObject(value)) {
    problems.add(`Must be an object, not ${nameOf(value)}.`);
    return;
  }
  const url = value['@type'];
  const keys = Object.keys(value).filter((key) => key !== '@type');
  if (url === undefined && keys.length === 0) return;
  const inner = typeof url === 'string' ? typeOfUrl(type, url) : undefined;
  if (!inner) {
    problems.enter('@type');
    problems.add('Must be the address of a known type, such as "type.googleapis.com/google.protobuf.Duration".');
    problems.leave();
  } else if (!isWellKnown(inner)) checkFields(inner, keys, value, problems, depth + 1);
  else checkWrapped(inner, keys, value, problems, depth);
}

/** A well-known type inside an Any is its one member `value`. */
function checkWrapped(
  inner: protobuf.Type,
  keys: readonly string[],
  value: Readonly<Record<string, unknown>>,
  problems: Problems,
  depth: number,
): void {
  for (const key of new Set([...keys, 'value'])) {
    problems.enter(key);
    if (key !== 'value') problems.add(`Unknown field: a ${inner.name} in an Any has only "value".`);
    else checkMessage(inner, value[key], problems, depth + 1);
    problems.leave();
  }
}
