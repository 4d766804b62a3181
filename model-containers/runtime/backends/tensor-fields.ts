import type { FieldDescriptor, MessageDescriptor, TypeIndex } from '#contract';
import { InvalidInput } from '../define-model.ts';

/** The element types that messages can carry. */
const ELEMENT_TYPES = [
  ...(['float16', 'float32', 'float64', 'int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32'] as const),
  ...(['int64', 'uint64', 'bool', 'string'] as const),
] as const;
export type ElementType = (typeof ELEMENT_TYPES)[number];

export const isElementType = (type: string): type is ElementType => (ELEMENT_TYPES as readonly string[]).includes(type);

/** Datatypes of the Open Inference Protocol. */
const DATATYPES: Readonly<Record<string, ElementType>> = {
  BOOL: 'bool',
  UINT8: 'uint8',
  UINT16: 'uint16',
  UINT32: 'uint32',
  UINT64: 'uint64',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  FP32: 'float32',
  FP64: 'float64',
  BYTES: 'string',
};

/** Whether a datatype of the Open Inference Protocol has elements that messages can carry. */
export const isTensorType = (datatype: string): boolean => Object.hasOwn(DATATYPES, datatype);

/** The element type of a datatype; text for others. */
export const tensorTypeOf = (datatype: string): ElementType => DATATYPES[datatype] ?? 'string';

/** An input of a model that takes tensors. */
export interface TensorInput {
  readonly name: string;
  readonly type: ElementType;
  /** Sizes without the batch axis; undefined where any size is taken. */
  readonly dims: readonly (number | undefined)[];
  /** Whether the first axis of the tensor is the batch. */
  readonly isBatched: boolean;
}

type Values = ArrayLike<unknown>;

/** The part of a tensor that belongs to one request. */
export interface TensorItem {
  readonly values: Values;
  readonly dims: readonly number[];
}

/**
 * Values of a field as the item of an input: one axis of any size takes what is left. Throws `InvalidInput` when they
 * do not fit; `field` names them.
 */
function itemOf(input: TensorInput, field: string, values: Values): TensorItem {
  const known = input.dims.reduce<number>((product, size) => product * (size ?? 1), 1);
  const open = input.dims.filter((size) => size === undefined).length;
  const left = values.length / known;
  if (open > 1 || !Number.isInteger(left) || (open === 0 && left !== 1)) {
    const wanted = open === 0 ? known : `a multiple of ${known}`;
    throw new InvalidInput(`${field} must have ${wanted} values, not ${values.length}.`);
  }
  return { values: inRange(input, field, values), dims: input.dims.map((size) => size ?? left) };
}

/** Values with their shape as the item of an input. Throws `InvalidInput` when they do not fit. */
function shapedItemOf(input: TensorInput, field: string, values: Values, dims: readonly number[]): TensorItem {
  const fits =
    dims.length === input.dims.length && input.dims.every((size, i) => (size ?? Math.abs(dims[i] ?? 0)) === dims[i]);
  const shown = input.dims.map((size) => size ?? 'any').join(', ');
  if (!fits) throw new InvalidInput(`${field} must have the shape [${shown}], not [${dims.join(', ')}].`);
  const count = dims.reduce((product, size) => product * size, 1);
  if (count === values.length) return { values: inRange(input, field, values), dims };
  throw new InvalidInput(`${field} must have ${count} values for its shape, not ${values.length}.`);
}

/** The smallest number of a type, and the first that is too large: both are exact, and fast to compare. */
const signed = (bits: number) => [-(2 ** (bits - 1)), 2 ** (bits - 1)] as const;
const unsigned = (bits: number) => [0, 2 ** bits] as const;
const RANGES: Partial<Readonly<Record<ElementType, readonly [min: number, limit: number]>>> = {
  ...{ int8: signed(8), int16: signed(16), int32: signed(32), int64: signed(64) },
  ...{ uint8: unsigned(8), uint16: unsigned(16), uint32: unsigned(32), uint64: unsigned(64) },
};

/** The first number that a `float16` holds as infinity: half a step above the largest, 65504. */
const FLOAT16_LIMIT = 65_520;

/** Throws `InvalidInput` for a value that the tensor would hold as another number. */
function inRange({ type }: TensorInput, field: string, values: Values): Values {
  if (type === 'float16') return inFloat16(field, values);
  const range = RANGES[type];
  if (!range || (values instanceof Uint8Array && type === 'uint8')) return values;
  const [min, limit] = range;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number | bigint;
    const isWhole = typeof value !== 'number' || Number.isInteger(value);
    if (!isWhole || value < min || value >= limit) {
      const whole = `whole numbers from ${BigInt(min)} to ${BigInt(limit) - 1n}`;
      throw new InvalidInput(`${field} must have ${whole}, not ${value}.`);
    }
  }
  return values;
}

function inFloat16(field: string, values: Values): Values {
  for (let i = 0; i < values.length; i++) {
    const value = Number(values[i]);
    if (Number.isFinite(value) && Math.abs(value) >= FLOAT16_LIMIT) {
      throw new InvalidInput(`${field} must have numbers from -65504 to 65504, not ${value}.`);
    }
  }
  return values;
}

type Message = Readonly<Record<string, unknown>>;

/** Converts the field or fields of a request into an item of an input. Throws `InvalidInput`. */
export type ReadItem = (request: Message) => TensorItem;

/** Converts an item of an output into the value of a response field. */
export type WriteField = (item: TensorItem) => unknown;

/** A message with the repeated field `shape` and one other repeated field, the values. */
interface TensorMessage {
  readonly values: FieldDescriptor;
}

/** The field name of a tensor: lower case, with underscores for all other characters. */
export const fieldName = (tensor: string): string =>
  tensor
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');

/** Reads an input from the field of this name, or from several scalar fields, one per column. Throws as `fieldOf`. */
export const readInput = (
  input: TensorInput,
  wanted: string | readonly string[],
  fieldOf: (name: string) => FieldDescriptor,
  types: TypeIndex,
): ReadItem =>
  typeof wanted === 'string' ? readField(input, fieldOf(wanted), types) : readColumns(input, wanted.map(fieldOf));

function readColumns(input: TensorInput, fields: readonly FieldDescriptor[]): ReadItem {
  for (const field of fields) assertFits(input, field);
  return (request) =>
    itemOf(
      input,
      input.name,
      fields.map(({ name }) => request[name]),
    );
}

/** Text would become NaN. */
function assertFits({ name: tensor, type: wanted }: TensorInput, { name, type }: FieldDescriptor): void {
  if (wanted !== 'string' && type.kind === 'scalar' && type.scalar === 'string')
    throw new Error(`The field ${name} is text, and the input ${tensor} takes ${wanted}.`);
}

/** Reads an input from one field: a scalar, repeated scalars or a tensor message. Throws for other fields. */
function readField(input: TensorInput, field: FieldDescriptor, types: TypeIndex): ReadItem {
  const { name, cardinality } = field;
  const tensor = tensorMessageOf(field, types);
  if (tensor) {
    const { values } = tensor;
    assertFits(input, values);
    return (request) => {
      const message = request[name] as Message | undefined;
      if (!message) throw new InvalidInput(`${name} is missing.`);
      const shape = Array.from(message.shape as readonly (number | bigint)[], Number);
      return shapedItemOf(input, name, message[values.name] as ArrayLike<unknown>, shape);
    };
  }
  if (field.type.kind === 'message' || cardinality === 'map') throw misfit(field);
  assertFits(input, field);
  if (cardinality === 'repeated') return (request) => itemOf(input, name, request[name] as ArrayLike<unknown>);
  if (field.type.kind === 'scalar' && field.type.scalar === 'bytes') {
    return (request) => itemOf(input, name, request[name] as Uint8Array);
  }
  return (request) => itemOf(input, name, [request[name]]);
}

/** Writes an output to a response field. `labels`: names of the classes. Throws for an unsupported field. */
export function writeField(field: FieldDescriptor, types: TypeIndex, labels: readonly string[]): WriteField {
  const convert = converterOf(field, types, labels);
  const tensor = tensorMessageOf(field, types);
  if (tensor) {
    const { values } = tensor;
    const convertValue = converterOf(values, types, labels);
    return ({ values: data, dims }) => ({ shape: dims.map(BigInt), [values.name]: Array.from(data, convertValue) });
  }
  if (field.type.kind === 'message') throw misfit(field);
  if (field.cardinality === 'repeated') return ({ values }) => Array.from(values, convert);
  if (field.cardinality === 'single') return ({ values }) => convert(values[0]);
  return ({ values }) =>
    Object.fromEntries(Array.from(values, (value, i) => [labels[i] ?? String(i), convert(value)] as const));
}

function converterOf(
  { type }: FieldDescriptor,
  types: TypeIndex,
  labels: readonly string[],
): (value: unknown) => unknown {
  if (type.kind === 'enum') {
    const numbers = new Map(types.enum(type.typeName).values.map(({ name, number }) => [name, number]));
    return (value: unknown) => (typeof value === 'string' ? numbers.get(value) : Number(value));
  }
  if (type.kind === 'message') return Number;
  const { scalar } = type;
  if (scalar === 'string') {
    return (value: unknown) => (typeof value === 'string' ? value : (labels[Number(value)] ?? String(value)));
  }
  if (scalar === 'bool') return Boolean;
  return scalar.endsWith('64') ? (value: unknown) => BigInt(value as number) : Number;
}

function tensorMessageOf(field: FieldDescriptor, types: TypeIndex): TensorMessage | undefined {
  if (field.type.kind !== 'message' || field.cardinality !== 'single') return undefined;
  const { fields }: MessageDescriptor = types.message(field.type.typeName);
  const [values, ...others] = fields.filter(({ name }) => name !== 'shape');
  const hasShape = fields.some(({ name, cardinality }) => name === 'shape' && cardinality === 'repeated');
  return hasShape && values?.cardinality === 'repeated' && others.length === 0 ? { values } : undefined;
}

const misfit = ({ name }: FieldDescriptor): Error =>
  new Error(`The field ${name} is not a tensor: use a scalar, repeated scalars, or a message with shape and values.`);
