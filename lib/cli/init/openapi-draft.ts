import { ModelyardError } from '#core';
import { type ContractDraft, type FieldDraft, pascalCase } from './draft.ts';

/** The part of JSON Schema that is read. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly title?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
}

interface Body {
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
}

/** An OpenAPI document, as far as it is read. */
export interface OpenApiDocument {
  readonly paths?: Readonly<
    Record<
      string,
      { readonly post?: { readonly requestBody?: Body; readonly responses?: Readonly<Record<string, Body>> } }
    >
  >;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

const refused = (message: string): ModelyardError => new ModelyardError('invalid_request', message);

/**
 * The contract of `POST <path>`: fields have the names of the JSON. Rejects with one sentence what protobuf has no form
 * for, such as a list of lists.
 */
export function contractOfPath(document: OpenApiDocument, path: string, model: string): ContractDraft {
  const operation = document.paths?.[path]?.post;
  if (!operation) throw refused(`The server's OpenAPI document has no POST ${path}.`);
  const responses = Object.entries(operation.responses ?? {});
  const answered = responses.find(([status]) => status.startsWith('2'))?.[1];
  const request = schemaOf(operation.requestBody);
  const response = schemaOf(answered);
  if (!request) throw refused(`The OpenAPI document does not describe the JSON that POST ${path} takes.`);
  if (!response) throw refused(`The OpenAPI document does not describe the JSON that POST ${path} answers.`);
  const types = new ContractTypes(document, model);
  return { request: types.fields(request, 'request'), response: types.fields(response, 'response'), ...types.found() };
}

/** The contract of Cog's `Input` and `Output`. An output that is no object becomes the field `output`. */
export function contractOfCog(document: OpenApiDocument, model: string): ContractDraft {
  const { Input: input, Output: output } = document.components?.schemas ?? {};
  if (!input || !output) throw refused('The OpenAPI document of the server has no schemas Input and Output.');
  const types = new ContractTypes(document, model);
  const { schema } = types.resolve(output);
  const response = schema.properties ? schema : { properties: { output: schema }, required: ['output'] };
  return { request: types.fields(input, 'input'), response: types.fields(response, 'output'), ...types.found() };
}

const schemaOf = ({ content = {} }: Body = {}): Schema | undefined => content['application/json']?.schema;

/** Collects the messages that the fields need. */
class ContractTypes {
  readonly #document: OpenApiDocument;
  readonly #messages = new Map<string, readonly FieldDraft[]>();
  readonly #taken: Set<string>;
  readonly #named = new Map<Schema, string>();

  constructor(document: OpenApiDocument, model: string) {
    this.#document = document;
    this.#taken = new Set([`${pascalCase(model)}Request`, `${pascalCase(model)}Response`]);
  }

  found(): Pick<ContractDraft, 'messages'> {
    return this.#messages.size > 0 ? { messages: Object.fromEntries(this.#messages) } : {};
  }

  /** The fields of an object. `at` names it in errors. */
  fields(given: Schema, at: string): readonly FieldDraft[] {
    const { schema } = this.resolve(given);
    const { properties = {}, required = [] } = schema;
    if (Object.keys(properties).length === 0)
      throw refused(`The ${at} is not a JSON object with named properties, so it has no contract.`);
    return Object.entries(properties).map(([name, property]) => {
      const path = `${at}.${name}`;
      if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name)) throw refused(`The property ${path} cannot be the name of a field.`);
      const { schema: own, isNullable, name: schemaName = name } = this.resolve(property);
      const comment = oneLine(property.description ?? own.description ?? property.title ?? `The field ${name}.`);
      const type = this.#typeOf(own, path, schemaName);
      const isOptional = type.kind === 'single' && (isNullable || !required.includes(name));
      return { name, comment, ...type, kind: isOptional ? 'optional' : type.kind };
    });
  }

  /** Follows references, and takes `null` out of alternatives. */
  resolve(schema: Schema): { readonly schema: Schema; readonly name?: string; readonly isNullable: boolean } {
    const { $ref, allOf = [], anyOf, oneOf, type } = schema;
    if ($ref !== undefined) {
      const name = $ref.replace('#/components/schemas/', '');
      const target = this.#document.components?.schemas?.[name];
      if (!target) throw refused(`The OpenAPI document refers to ${$ref}, which it does not have.`);
      return { name, ...this.resolve(target) };
    }
    const [only] = allOf;
    if (only && allOf.length === 1) return this.resolve(only);
    const others = (anyOf ?? oneOf ?? []).filter((each) => each.type !== 'null');
    const [other] = others;
    if (other && others.length === 1) return { ...this.resolve(other), isNullable: true };
    const types = (Array.isArray(type) ? type : []).filter((each) => each !== 'null');
    if (types.length === 1) return { schema: { ...schema, type: String(types[0]) }, isNullable: true };
    return { schema, isNullable: false };
  }

  #typeOf(schema: Schema, path: string, name: string): Pick<FieldDraft, 'type' | 'kind'> {
    const { type, items, additionalProperties, properties } = schema;
    if (type === 'array' && items) return { type: this.#elementOf(items, `${path}[]`, name), kind: 'repeated' };
    if (!properties && typeof additionalProperties === 'object')
      return { type: this.#elementOf(additionalProperties, `${path}{}`, name), kind: 'map' };
    return { type: this.#elementOf(schema, path, name), kind: 'single' };
  }

  #elementOf(given: Schema, path: string, fallback: string): string {
    const { schema, name = fallback } = this.resolve(given);
    if (schema.properties) return this.#messageOf(schema, path, pascalCase(name));
    const scalar = scalarOf(schema);
    if (scalar !== undefined) return scalar;
    throw refused(`${path} of the OpenAPI document has no form in protobuf: use an object, a list or a single value.`);
  }

  #messageOf(schema: Schema, path: string, wanted: string): string {
    const known = this.#named.get(schema);
    if (known !== undefined) return known;
    const base = wanted.replace(/[^A-Za-z0-9]/g, '') || 'Part';
    let name = base;
    for (let i = 2; this.#taken.has(name); i++) name = `${base}${i}`;
    this.#taken.add(name);
    // Named before its fields are read, because it may contain itself.
    this.#named.set(schema, name);
    this.#messages.set(name, []);
    this.#messages.set(name, this.fields(schema, path));
    return name;
  }
}

function scalarOf({ type, format, enum: values }: Schema): string | undefined {
  if (type === 'number') return format === 'float' ? 'float' : 'double';
  // Without a format it is not `int64`, whose JSON is a string, which strict servers refuse.
  if (type === 'integer') return format === 'int64' ? 'int64' : 'int32';
  if (type === 'boolean') return 'bool';
  const isText = type === 'string' || values?.every((each) => typeof each === 'string');
  return isText ? (format === 'byte' ? 'bytes' : 'string') : undefined;
}

const oneLine = (text: string): string => text.split('\n')[0]?.trim() || 'A field.';
