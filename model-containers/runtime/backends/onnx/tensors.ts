import { Tensor } from 'onnxruntime-node';
import type { TensorInput, TensorItem } from '../tensor-fields.ts';

const ARRAYS = {
  float16: Float16Array,
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

type Values = TensorItem['values'];

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
  if (data instanceof Float16Array) return float16Tensor(data, dims);
  return new Tensor(type, data as never, dims);
}

/** The native binding takes the bits only. A `Tensor` would convert them to a `Float16Array`, which it refuses. */
const float16Tensor = ({ buffer }: { readonly buffer: ArrayBufferLike }, dims: readonly number[]): Tensor =>
  ({ type: 'float16', data: new Uint16Array(buffer), dims, location: 'cpu' }) as unknown as Tensor;

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
