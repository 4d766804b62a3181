import type { Contract } from '../contract.ts';
import type { EnumDescriptor, FieldDescriptor, MessageDescriptor, ValueType } from '../descriptor/model.ts';
import { type TypeIndex, typesOf } from '../descriptor/type-index.ts';
import {
  exampleOf,
  type JsonSchema,
  keySchema,
  type Side,
  scalarDefault,
  scalarSchema,
  wellKnown,
} from './value-schemas.ts';

/** The schemas that describe one message. */
export interface SchemaSet {
  /** Full name of the message. */
  readonly root: string;
  /** By full name. References between them start with the given prefix. */
  readonly definitions: Readonly<Record<string, JsonSchema>>;
}

/**
 * JSON Schema 2020-12 of what `toJson` writes and clients should send: original field names, enums by name. Other forms
 * that `fromJson` accepts are not described. Descriptions are comments of the .proto file. Throws
 * `UnreadableMessageError` for a malformed contract.
 */
export function jsonSchemaOf(contract: Contract, side: Side): JsonSchema {
  const { root, definitions } = schemaSetOf(contract, side, '#/$defs/');
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: root.slice(root.lastIndexOf('.') + 1),
    $ref: `#/$defs/${root}`,
    $defs: definitions,
    examples: [exampleOf(contract, side)],
  };
}

/** The same as separate schemas, for documents that store them elsewhere, such as `#/components/schemas/`. */
export function schemaSetOf(contract: Contract, side: Side, refPrefix: string): SchemaSet {
  const root = side === 'request' ? contract.requestMessage : contract.responseMessage;
  return { root, definitions: new SchemaWriter(typesOf(contract), side, refPrefix).write(root) };
}

class SchemaWriter {
  readonly #types: TypeIndex;
  readonly #side: Side;
  readonly #refPrefix: string;
  readonly #definitions = new Map<string, JsonSchema>();

  constructor(types: TypeIndex, side: Side, refPrefix: string) {
    this.#types = types;
    this.#side = side;
    this.#refPrefix = refPrefix;
  }

  write(root: string): Readonly<Record<string, JsonSchema>> {
    this.#define(root, () => this.#messageSchema(this.#types.message(root)));
    return Object.fromEntries([...this.#definitions].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Reserves the definition before its schema is built, because types may be recursive. */
  #define(typeName: string, schema: () => JsonSchema): JsonSchema {
    if (!this.#definitions.has(typeName)) {
      this.#definitions.set(typeName, {});
      this.#definitions.set(typeName, schema());
    }
    return { $ref: `${this.#refPrefix}${typeName}` };
  }

  #messageSchema({ name, comment, fields, oneofs }: MessageDescriptor): JsonSchema {
    const required =
      this.#side === 'response' ? fields.filter((field) => !field.presence).map((field) => field.name) : [];
    const exclusions = oneofs.flatMap((oneof) => exclusive(fields.filter((field) => field.oneof === oneof.name)));
    return {
      type: 'object',
      title: name,
      ...described(comment),
      properties: Object.fromEntries(fields.map((field) => [field.name, this.#fieldSchema(field)])),
      ...(required.length > 0 ? { required } : {}),
      // Requests with unknown fields are refused. Responses may come from a newer contract.
      ...(this.#side === 'request' ? { additionalProperties: false } : {}),
      ...(exclusions.length > 0 ? { allOf: exclusions } : {}),
    };
  }

  #fieldSchema(field: FieldDescriptor): JsonSchema {
    const { oneof, comment } = field;
    const note = oneof === undefined ? [] : [`At most one of the fields of \`${oneof}\` may be set.`];
    return {
      ...this.#shape(field),
      ...described([comment, ...note].filter((text) => text !== '').join('\n\n')),
      ...this.#defaultOf(field),
      ...(field.deprecated ? { deprecated: true } : {}),
    };
  }

  #shape({ cardinality, type, keyType = 'string' }: FieldDescriptor): JsonSchema {
    const value = this.#valueSchema(type);
    if (cardinality === 'single') return value;
    if (cardinality === 'repeated') return { type: 'array', items: value };
    const keys = keySchema(keyType);
    return { type: 'object', additionalProperties: value, ...(keys ? { propertyNames: keys } : {}) };
  }

  #valueSchema(type: ValueType): JsonSchema {
    if (type.kind === 'scalar') return scalarSchema(type.scalar, this.#side);
    const known = wellKnown(type.typeName, this.#side);
    if (known) return known.schema;
    return this.#define(type.typeName, () =>
      type.kind === 'enum'
        ? enumSchema(this.#types.enum(type.typeName))
        : this.#messageSchema(this.#types.message(type.typeName)),
    );
  }

  #defaultOf({ presence, cardinality, type }: FieldDescriptor): JsonSchema {
    if (presence) return {};
    if (cardinality !== 'single') return { default: cardinality === 'repeated' ? [] : {} };
    if (type.kind === 'scalar') return { default: scalarDefault(type.scalar) };
    if (type.typeName === 'google.protobuf.NullValue') return { default: null };
    return { default: this.#types.enum(type.typeName).values.find(({ number }) => number === 0)?.name };
  }
}

const described = (description: string): JsonSchema => (description === '' ? {} : { description });

/** At most one of these fields. Linters require that required fields are also properties. */
const exclusive = (fields: readonly FieldDescriptor[]): readonly JsonSchema[] =>
  fields.flatMap(({ name: first }, i) =>
    fields
      .slice(i + 1)
      .map(({ name: second }) => ({ not: { properties: { [first]: {}, [second]: {} }, required: [first, second] } })),
  );

function enumSchema({ name, comment, values }: EnumDescriptor): JsonSchema {
  const notes = values.filter((value) => value.comment !== '').map((value) => `- \`${value.name}\`: ${value.comment}`);
  const description = [comment, notes.join('\n')].filter((text) => text !== '').join('\n\n');
  return { type: 'string', title: name, ...described(description), enum: values.map((value) => value.name) };
}
