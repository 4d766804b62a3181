import type { ScalarType } from '../descriptor/model.ts';
import { type JsonSchema, type Side, scalarExample, scalarSchema } from './scalar-schema.ts';

/** Schema and example of a google/protobuf message with its own JSON form. */
export interface WellKnown {
  readonly schema: JsonSchema;
  readonly example: unknown;
}

const FIXED: Readonly<Record<string, WellKnown>> = {
  Timestamp: { schema: { type: 'string', format: 'date-time' }, example: '1970-01-01T00:00:00Z' },
  Duration: {
    schema: {
      type: 'string',
      pattern: '^-?[0-9]{1,12}(?:\\.[0-9]{1,9})?s$',
      description: 'Seconds, for example "1.5s".',
    },
    example: '0s',
  },
  FieldMask: {
    schema: { type: 'string', description: 'Field paths in lowerCamelCase, separated by commas.' },
    example: '',
  },
  Struct: { schema: { type: 'object' }, example: {} },
  Value: { schema: { description: 'Any JSON value.' }, example: null },
  ListValue: { schema: { type: 'array', items: {} }, example: [] },
  NullValue: { schema: { type: 'null' }, example: null },
  Empty: { schema: { type: 'object', additionalProperties: false }, example: {} },
  Any: {
    schema: {
      type: 'object',
      properties: { '@type': { type: 'string', description: 'The address of the type, ending in its full name.' } },
    },
    example: {},
  },
};

const WRAPPED: Readonly<Record<string, ScalarType>> = {
  DoubleValue: 'double',
  FloatValue: 'float',
  Int64Value: 'int64',
  UInt64Value: 'uint64',
  Int32Value: 'int32',
  UInt32Value: 'uint32',
  BoolValue: 'bool',
  StringValue: 'string',
  BytesValue: 'bytes',
};

/** Undefined for types with the normal JSON form. */
export function wellKnown(typeName: string, side: Side): WellKnown | undefined {
  const name = /^google\.protobuf\.(\w+)$/.exec(typeName)?.[1] ?? '';
  const scalar = Object.hasOwn(WRAPPED, name) ? WRAPPED[name] : undefined;
  if (scalar !== undefined) return { schema: scalarSchema(scalar, side), example: scalarExample(scalar) };
  return Object.hasOwn(FIXED, name) ? FIXED[name] : undefined;
}
