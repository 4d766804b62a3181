/** A contract to write. Names are those of the `.proto` file. */
export interface ContractDraft {
  readonly request: readonly FieldDraft[];
  readonly response: readonly FieldDraft[];
}

export interface FieldDraft {
  readonly name: string;
  /** A scalar of protobuf: the type of the field, or of the values of a tensor. */
  readonly scalar: string;
  /** `tensor`: a message with the shape and the values. */
  readonly kind: 'single' | 'repeated' | 'tensor';
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
  /** What to do or to know, one sentence each. */
  readonly notes: readonly string[];
}

/** `gdp_growth` is `GdpGrowth`: the prefix of its messages and the name of its class. */
export const pascalCase = (name: string): string =>
  name
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');

/** The text of the `.proto` file. */
export function protoText(model: string, { request, response }: ContractDraft): string {
  const prefix = pascalCase(model);
  const tensors = new Set([...request, ...response].filter(({ kind }) => kind === 'tensor').map(tensorName));
  const parts = [
    'syntax = "proto3";',
    `package models.${model};`,
    message(`${prefix}Request`, request),
    message(`${prefix}Response`, response),
    ...[...tensors].map((name) => tensorText(name, [...request, ...response])),
  ];
  return `${parts.join('\n\n')}\n`;
}

const message = (name: string, fields: readonly FieldDraft[]): string =>
  `message ${name} {\n${fields.map((field, i) => fieldText(field, i + 1)).join('\n')}\n}`;

function fieldText(field: FieldDraft, number: number): string {
  const { name, scalar, kind, comment } = field;
  const type = { single: scalar, repeated: `repeated ${scalar}`, tensor: tensorName(field) }[kind];
  return `  // ${comment}\n  ${type} ${name} = ${number};`;
}

const tensorName = ({ scalar }: FieldDraft): string => `${pascalCase(scalar)}Tensor`;

function tensorText(name: string, fields: readonly FieldDraft[]): string {
  const scalar = fields.find((field) => field.kind === 'tensor' && tensorName(field) === name)?.scalar;
  return `message ${name} {\n  repeated int64 shape = 1;\n  // Row by row.\n  repeated ${scalar} values = 2;\n}`;
}

/** A request as JSON that fits the contract, for a first try. */
export const exampleRequest = ({ request }: ContractDraft): string =>
  JSON.stringify(Object.fromEntries(request.map((field) => [field.name, exampleValue(field)])));

function exampleValue({ scalar, kind, shape = [1] }: FieldDraft): unknown {
  const value = { string: 'example', bool: true }[scalar] ?? 1;
  if (kind === 'single') return value;
  const values = new Array(shape.reduce((product, size) => product * size, 1)).fill(value);
  return kind === 'repeated' ? values : { shape, values };
}
