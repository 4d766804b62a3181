import { type ElementType, fieldName } from '#runtime/backends/tensor-fields.ts';
import type { FieldDraft } from './draft.ts';

/** A tensor as a graph or a server describes it. */
export interface NamedTensor {
  readonly name: string;
  readonly type: ElementType;
  /** Sizes; a name or a negative number where any size is taken. */
  readonly axes: readonly (number | string)[];
}

const SCALARS: Readonly<Record<ElementType, string>> = {
  float16: 'float',
  float32: 'float',
  float64: 'double',
  int8: 'int32',
  int16: 'int32',
  int32: 'int32',
  uint8: 'uint32',
  uint16: 'uint32',
  uint32: 'uint32',
  int64: 'int64',
  uint64: 'uint64',
  bool: 'bool',
  string: 'string',
};

/** A field with the tensor that it is for. */
interface TensorField extends FieldDraft {
  readonly tensor: string;
}

/** A field for each tensor. The batch axis, which is the first, is left out. */
export function tensorFields(tensors: readonly NamedTensor[], isBatched: boolean): readonly TensorField[] {
  const taken = new Set<string>();
  return tensors.map((each, i) => {
    const dims = isBatched ? each.axes.slice(1) : each.axes;
    const name = freeName(each.name, i, taken);
    const axes = each.axes.map((size) => String(size) || 'any').join(', ');
    return {
      tensor: each.name,
      name,
      type: SCALARS[each.type],
      kind: kindOf(dims),
      shape: dims.map((size) => (typeof size === 'number' && size > 0 ? size : 1)),
      comment: `The tensor ${each.name}: ${each.type} [${axes}]${isBatched ? ', without its batch axis' : ''}.`,
    };
  });
}

/** One axis of size 1 is a single value, as in the columns of scikit-learn. */
function kindOf(dims: readonly (number | string)[]): FieldDraft['kind'] {
  if (dims.length === 0 || (dims.length === 1 && dims[0] === 1)) return 'single';
  return dims.length === 1 ? 'repeated' : 'tensor';
}

/** A valid field name that is not taken, also not as a name in JSON, where underscores disappear. */
function freeName(tensor: string, position: number, taken: Set<string>): string {
  const plain = fieldName(tensor);
  const base = /^[a-z]/.test(plain) ? plain : `tensor_${plain || position}`;
  let name = base;
  for (let i = 2; taken.has(name.replaceAll('_', '')); i++) name = `${base}_n${i}`;
  taken.add(name.replaceAll('_', ''));
  return name;
}

/** The fields whose tensors have other names, for the manifest. */
export function tensorMapping(inputs: readonly TensorField[], outputs: readonly TensorField[]) {
  const tensors = { ...renamed('inputs', inputs), ...renamed('outputs', outputs) };
  return Object.keys(tensors).length > 0 ? { tensors } : {};
}

function renamed(part: 'inputs' | 'outputs', fields: readonly TensorField[]) {
  const others = fields.filter(({ tensor, name }) => fieldName(tensor) !== name);
  return others.length === 0 ? {} : { [part]: Object.fromEntries(others.map(({ tensor, name }) => [tensor, name])) };
}
