import type { UiSchema } from '@rjsf/utils';
import type { JsonSchema } from './types.ts';

export interface FormSchema {
  readonly form: JsonSchema;
  readonly ui: UiSchema;
}

/** The schema of a request as a form shows it best. What the form leaves out can be sent as JSON. */
export function formSchemaOf(schema: JsonSchema): FormSchema {
  const definitions = Object.entries((schema.$defs ?? {}) as Readonly<Record<string, JsonSchema>>);
  const form = {
    ...withoutKeys(schema, ['$schema', 'title', 'examples']),
    $defs: Object.fromEntries(definitions.map(([name, definition]) => [name, simplified(definition)])),
  };
  return { form, ui: { 'ui:submitButtonOptions': { norender: true } } };
}

function simplified(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(simplified);
  if (typeof value !== 'object' || value === null) return value;
  const schema = asOneType(withAlternatives(value as JsonSchema));
  const members = Object.entries(schema).map(([key, member]) => [key, key === 'default' ? member : simplified(member)]);
  return Object.fromEntries(members);
}

/** Numbers that may also be "NaN", and 64-bit integers that may also be numbers: one field for the usual form. */
function asOneType(schema: JsonSchema): JsonSchema {
  const { anyOf, ...rest } = schema;
  if (schema.contentEncoding === 'base64') {
    return { ...withoutKeys(schema, ['pattern', 'contentEncoding']), 'ui:widget': 'base64' };
  }
  if (!Array.isArray(anyOf)) return schema;
  const usual = anyOf.find(({ type, enum: names }) => type === 'number' || (type === 'string' && !names));
  return usual ? { ...rest, ...usual } : schema;
}

/** Fields that exclude each other become alternatives. */
function withAlternatives(schema: JsonSchema): JsonSchema {
  if (schema.type !== 'object' || !Array.isArray(schema.allOf)) return schema;
  const pairs = schema.allOf.flatMap(({ not }) => (not?.required ? [not.required as readonly string[]] : []));
  const names = [...new Set(pairs.flat())];
  // Fields of one oneof exclude each other pairwise; several oneofs stay plain fields with a note each.
  if (names.length === 0 || pairs.length !== (names.length * (names.length - 1)) / 2) {
    return withoutKeys(schema, ['allOf']);
  }
  const properties = (schema.properties ?? {}) as JsonSchema;
  const alternatives = names.map((name) => ({
    title: name,
    properties: { [name]: properties[name] },
    required: [name],
  }));
  return {
    ...withoutKeys(schema, ['allOf', 'additionalProperties']),
    properties: withoutKeys(properties, names),
    oneOf: [{ title: 'none of these', not: { anyOf: names.map((name) => ({ required: [name] })) } }, ...alternatives],
  };
}

const withoutKeys = (schema: JsonSchema, keys: readonly string[]): JsonSchema =>
  Object.fromEntries(Object.entries(schema).filter(([key]) => !keys.includes(key)));
