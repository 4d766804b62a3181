/** A contract to write. Names are those of the `.proto` file. */
export interface ContractDraft {
  readonly request: readonly FieldDraft[];
  readonly response: readonly FieldDraft[];
  /** Fields of other messages, by the name of the message. */
  readonly messages?: Readonly<Record<string, readonly FieldDraft[]>>;
}

export interface FieldDraft {
  readonly name: string;
  /** A scalar of protobuf or a message: the type of the field, of its elements or of the values of a tensor. */
  readonly type: string;
  /** `map`: keys are strings. `tensor`: a message with the shape and the values. */
  readonly kind: 'single' | 'optional' | 'repeated' | 'map' | 'tensor';
  readonly comment: string;
  /** Sizes of the axes in the example. @default one value */
  readonly shape?: readonly number[];
}

/** A new model: its contract and the files of its folder. */
export interface ModelDraft {
  readonly contract: ContractDraft;
  /** Text by path below the folder of the model. */
  readonly files: Readonly<Record<string, string>>;
  /** Files to copy, by path below the folder of the model. */
  readonly copies?: Readonly<Record<string, string>>;
  /** Hints for the user, one sentence each. */
  readonly notes: readonly string[];
}

/** `gdp_growth` is `GdpGrowth`: the prefix of its messages and the name of its class. */
export const pascalCase = (name: string): string =>
  name
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');

/** The text of the `.proto` file. */
export function protoText(model: string, { request, response, messages = {} }: ContractDraft): string {
  const prefix = pascalCase(model);
  const fields = [...request, ...response, ...Object.values(messages).flat()];
  const tensors = new Set(fields.filter(({ kind }) => kind === 'tensor').map(tensorName));
  const parts = [
    'syntax = "proto3";',
    `package models.${model};`,
    message(`${prefix}Request`, request),
    message(`${prefix}Response`, response),
    ...Object.entries(messages).map(([name, own]) => message(name, own)),
    ...[...tensors].map((name) => tensorText(name, fields)),
  ];
  return `${parts.join('\n\n')}\n`;
}

const message = (name: string, fields: readonly FieldDraft[]): string =>
  `message ${name} {\n${fields.map((field, i) => fieldText(field, i + 1)).join('\n')}\n}`;

function fieldText(field: FieldDraft, number: number): string {
  const { name, type, kind, comment } = field;
  // A field of a message is always optional.
  const isMessage = /^[A-Z]/.test(type);
  const declared = {
    single: type,
    optional: isMessage ? type : `optional ${type}`,
    repeated: `repeated ${type}`,
    map: `map<string, ${type}>`,
    tensor: tensorName(field),
  }[kind];
  return `  // ${comment}\n  ${declared} ${name} = ${number};`;
}

const tensorName = ({ type }: FieldDraft): string => `${pascalCase(type)}Tensor`;

function tensorText(name: string, fields: readonly FieldDraft[]): string {
  const type = fields.find((field) => field.kind === 'tensor' && tensorName(field) === name)?.type;
  return `message ${name} {\n  repeated int64 shape = 1;\n  // Row by row.\n  repeated ${type} values = 2;\n}`;
}

/** A request as JSON that fits the contract, for a first try. */
export const exampleRequest = ({ request, messages = {} }: ContractDraft): string =>
  JSON.stringify(exampleOf(request, messages));

/** Fields that need not be set are left out, which also ends messages that contain themselves. */
function exampleOf(fields: readonly FieldDraft[], messages: NonNullable<ContractDraft['messages']>): object {
  const needed = fields.filter(({ kind }) => kind !== 'optional' && kind !== 'map');
  return Object.fromEntries(needed.map((field) => [field.name, exampleValue(field, messages)]));
}

function exampleValue(field: FieldDraft, messages: NonNullable<ContractDraft['messages']>): unknown {
  const { type, kind, shape = [1] } = field;
  const known = messages[type];
  if (known) return kind === 'repeated' ? [] : exampleOf(known, messages);
  const value = { string: 'example', bool: true, bytes: 'ZXhhbXBsZQ==' }[type] ?? 1;
  if (kind === 'single') return value;
  const values = new Array(shape.reduce((product, size) => product * size, 1)).fill(value);
  return kind === 'repeated' ? values : { shape, values };
}
