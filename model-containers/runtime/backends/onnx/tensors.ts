import { Tensor } from 'onnxruntime-node';
import { InvalidInput } from '../../define-model.ts';

/** The supported element types. */
const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
} as const;
export type ElementType = keyof typeof ARRAYS | 'bool' | 'string';

export const isElementType = (type: string): type is ElementType =>
  type === 'bool' || type === 'string' || Object.hasOwn(ARRAYS, type);

/** An input of a graph. */
export interface TensorInput {
  readonly name: string;
  readonly type: ElementType;
  /** Sizes without the batch axis; undefined for a dynamic axis. */
  readonly dims: readonly (number | undefined)[];
  /** Whether the first axis of the tensor is the batch. */
  readonly isBatched: boolean;
}

type Values = ArrayLike<unknown>;

/** The slice of a tensor that belongs to one request. */
export interface TensorItem {
  readonly values: Values;
  readonly dims: readonly number[];
}

/**
 * Converts the values of a field into an item of an input. At most one dynamic axis is inferred. Throws `InvalidInput`,
 * with the name `field`, when the values do not fit.
 */
export function itemOf(input: TensorInput, field: string, values: Values): TensorItem {
  const known = input.dims.reduce<number>((product, size) => product * (size ?? 1), 1);
  const open = input.dims.filter((size) => size === undefined).length;
  const left = values.length / known;
  if (open > 1 || !Number.isInteger(left) || (open === 0 && left !== 1)) {
    const wanted = open === 0 ? known : `a multiple of ${known}`;
    throw new InvalidInput(`${field} must have ${wanted} values, not ${values.length}.`);
  }
  return { values, dims: input.dims.map((size) => size ?? left) };
}

/** Converts values with a shape into an item of an input. Throws `InvalidInput` when they do not fit. */
export function shapedItemOf(input: TensorInput, field: string, values: Values, dims: readonly number[]): TensorItem {
  const fits = dims.length === input.dims.length && input.dims.every((size, i) => (size ?? dims[i]) === dims[i]);
  const shown = input.dims.map((size) => size ?? 'any').join(', ');
  if (!fits) throw new InvalidInput(`${field} must have the shape [${shown}], not [${dims.join(', ')}].`);
  const count = dims.reduce((product, size) => product * size, 1);
  if (count === values.length) return { values, dims };
  throw new InvalidInput(`${field} must have ${count} values for its shape, not ${values.length}.`);
}

/** Concatenates items of equal shapes. */
export function tensorOf({ type, isBatched }: TensorInput, items: readonly TensorItem[]): Tensor {
  const dims = [...(isBatched ? [items.length] : []), ...(items[0]?.dims ?? [])];
  if (type === 'string')
    return new Tensor(
      'string',
      items.flatMap(({ values }) => Array.from(values, String)),
      dims,
    );
  if (type === 'bool') {
    return new Tensor('bool', Uint8Array.from(items.flatMap(({ values }) => Array.from(values, Number))), dims);
  }
  const convert = type === 'int64' || type === 'uint64' ? (value: unknown) => BigInt(value as number) : Number;
  const size = items.reduce((sum, { values }) => sum + values.length, 0);
  const data = new ARRAYS[type](size) as unknown as unknown[];
  let at = 0;
  for (const { values } of items) for (let i = 0; i < values.length; i++) data[at++] = convert(values[i]);
  return new Tensor(type, data as never, dims);
}

/** Splits an output into one item per request. Throws when its first axis is not the batch. */
export function itemsOf(name: string, { data, dims }: Tensor, { isBatched, count }: Batch): readonly TensorItem[] {
  const values = data as unknown as Values & { slice(from: number, to: number): Values };
  if (!isBatched) return [{ values, dims }];
  if (dims[0] !== count) {
    throw new Error(`The output ${name} has the shape [${dims.join(', ')}] for a batch of ${count}.`);
  }
  const size = values.length / count;
  return Array.from({ length: count }, (_, i) => ({
    values: values.slice(i * size, (i + 1) * size),
    dims: dims.slice(1),
  }));
}

interface Batch {
  readonly isBatched: boolean;
  readonly count: number;
}
