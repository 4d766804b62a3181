import type { Contract } from '../contract.ts';
import type { FieldDescriptor, ScalarType, ValueType } from '../descriptor/model.ts';
import { type TypeIndex, typesOf } from '../descriptor/type-index.ts';
import { type Side, scalarExample, wellKnown } from './value-schemas.ts';

/**
 * An example body with every field: defaults, and sample text instead of empty text. `fromJson` accepts it. It has the
 * first member of a oneof, one element of lists and maps, and one level of recursive types. Throws
 * `UnreadableMessageError` for a malformed contract.
 */
export function exampleOf(contract: Contract, side: Side): unknown {
  const root = side === 'request' ? contract.requestMessage : contract.responseMessage;
  return messageExample(root, typesOf(contract), []);
}

function messageExample(typeName: string, types: TypeIndex, inside: readonly string[]): unknown {
  const known = wellKnown(typeName, 'response');
  if (known) return known.example;
  const shown = new Set<string>();
  const members = types.message(typeName).fields.flatMap((field): readonly (readonly [string, unknown])[] => {
    if (isRecursive(field.type, [...inside, typeName])) return field.presence ? [] : [[field.name, emptyOf(field)]];
    if (field.oneof !== undefined && shown.has(field.oneof)) return [];
    if (field.oneof !== undefined) shown.add(field.oneof);
    return [[field.name, fieldExample(field, types, [...inside, typeName])]];
  });
  return Object.fromEntries(members);
}

const isRecursive = (type: ValueType, inside: readonly string[]): boolean =>
  type.kind === 'message' && inside.includes(type.typeName);

const emptyOf = ({ cardinality }: FieldDescriptor): unknown => (cardinality === 'map' ? {} : []);

function fieldExample(field: FieldDescriptor, types: TypeIndex, inside: readonly string[]): unknown {
  const value = valueExample(field.type, types, inside);
  if (field.cardinality === 'single') return value;
  return field.cardinality === 'repeated' ? [value] : { [keyExample(field.keyType ?? 'string')]: value };
}

function valueExample(type: ValueType, types: TypeIndex, inside: readonly string[]): unknown {
  if (type.kind === 'scalar') return scalarExample(type.scalar);
  if (type.kind === 'message') return messageExample(type.typeName, types, inside);
  if (type.typeName === 'google.protobuf.NullValue') return null;
  return types.enum(type.typeName).values.find(({ number }) => number === 0)?.name ?? 0;
}

const keyExample = (type: ScalarType): string => (type === 'string' ? 'key' : String(scalarExample(type)));
