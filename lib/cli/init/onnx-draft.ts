import { InferenceSession } from 'onnxruntime-node';
import { ModelyardError } from '#core';
import { type ElementType, fieldName, isElementType } from '#runtime/backends/tensor-fields.ts';
import type { FieldDraft, ModelDraft } from './draft.ts';
import { type Described, manifestJson } from './templates.ts';

type Metadata = InferenceSession['inputMetadata'][number];

const SCALARS: Readonly<Record<ElementType, string>> = {
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

/**
 * A model of an ONNX file. Its contract has a field for each input and output: a scalar, a list for a vector, and a
 * message with shape and values for more axes. The batch axis is left out. Rejects with one sentence for a file that is
 * not an ONNX graph, or without inputs or outputs that are tensors.
 */
export async function onnxDraft(described: Described, file: string): Promise<ModelDraft> {
  const session = await InferenceSession.create(file, { intraOpNumThreads: 1 }).catch((cause) => {
    throw new ModelyardError('invalid_request', `${file} is not an ONNX graph that can be loaded: ${firstLine(cause)}`);
  });
  const { inputMetadata, outputMetadata } = session;
  const isBatched = inputMetadata.every((each) => each.isTensor && typeof each.shape[0] === 'string');
  const unfit = inputMetadata.find((each) => !isUsable(each));
  if (unfit) throw unusable(`The input ${unfit.name} of ${file}`);
  const outputs = outputMetadata.filter(isUsable);
  if (outputs.length === 0) throw unusable(`No output of ${file}`, 'is a tensor of numbers or strings');
  const request = fieldsOf(inputMetadata, isBatched);
  const response = fieldsOf(outputs, isBatched);
  const tensors = { ...mapping('inputs', request), ...mapping('outputs', response) };
  const ignored = outputMetadata.filter((each) => !isUsable(each)).map(({ name }) => name);
  return {
    contract: { request, response },
    files: { 'manifest.json': manifestJson({ ...described, ...(Object.keys(tensors).length > 0 ? { tensors } : {}) }) },
    copies: { 'model.onnx': file },
    notes: ignored.map((name) => `The output ${name} is no tensor and is left out; scikit-learn's needs zipmap=False.`),
  };
}

const firstLine = (error: unknown): string =>
  String(error instanceof Error ? error.message : error).split('\n')[0] ?? '';

const isUsable = (each: Metadata): boolean => each.isTensor && isElementType(each.type);

const unusable = (what: string, why = 'is not a tensor of numbers or strings'): ModelyardError =>
  new ModelyardError('invalid_request', `${what} ${why}.`);

function fieldsOf(tensors: readonly Metadata[], isBatched: boolean): readonly TensorField[] {
  const taken = new Set<string>();
  return tensors.map((each, i) => {
    if (!each.isTensor) throw new Error(`${each.name} is no tensor.`);
    const dims = isBatched ? each.shape.slice(1) : each.shape;
    const name = freeName(each.name, i, taken);
    const axes = each.shape.map(String).join(', ');
    return {
      tensor: each.name,
      name,
      scalar: SCALARS[each.type as ElementType],
      kind: kindOf(dims),
      shape: dims.map((size) => (typeof size === 'number' ? size : 1)),
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

/** Names the fields whose tensors have other names. */
function mapping(part: 'inputs' | 'outputs', fields: readonly TensorField[]) {
  const renamed = fields.filter(({ tensor, name }) => fieldName(tensor) !== name);
  return renamed.length === 0 ? {} : { [part]: Object.fromEntries(renamed.map(({ tensor, name }) => [tensor, name])) };
}
