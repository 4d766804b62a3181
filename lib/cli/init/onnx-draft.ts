import { InferenceSession } from 'onnxruntime-node';
import { ModelyardError } from '#core';
import { isElementType } from '#runtime/backends/tensor-fields.ts';
import type { ModelDraft } from './draft.ts';
import { type Described, manifestJson } from './templates.ts';
import { type NamedTensor, tensorFields, tensorMapping } from './tensor-draft.ts';

type Metadata = InferenceSession['inputMetadata'][number];

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
  if (unfit) throw unusable(`The input ${unfit.name} of ${file} ${faultOf(unfit)}`);
  const outputs = outputMetadata.filter(isUsable);
  if (outputs.length === 0) throw unusable(`No output of ${file} is a tensor that can be served`);
  const request = tensorFields(inputMetadata.map(tensorOf), isBatched);
  const response = tensorFields(outputs.map(tensorOf), isBatched);
  const tensors = tensorMapping(request, response);
  const ignored = outputMetadata.filter((each) => !isUsable(each));
  return {
    contract: { request, response },
    files: { 'manifest.json': manifestJson({ ...described, ...tensors }) },
    copies: { 'model.onnx': file },
    notes: ignored.map((each) => `The output ${each.name} ${faultOf(each)}. It is left out.`),
  };
}

const firstLine = (error: unknown): string =>
  String(error instanceof Error ? error.message : error).split('\n')[0] ?? '';

const isUsable = (each: Metadata): boolean => each.isTensor && isElementType(each.type);

/** Why it cannot be served. */
const faultOf = (each: Metadata): string =>
  each.isTensor
    ? `has the type ${each.type}, which cannot be served: export the graph with float32`
    : 'is not a tensor: convert scikit-learn with zipmap=False';

const unusable = (why: string): ModelyardError => new ModelyardError('invalid_request', `${why}.`);

function tensorOf(each: Metadata): NamedTensor {
  if (!each.isTensor || !isElementType(each.type)) throw new Error(`${each.name} is no tensor.`);
  return { name: each.name, type: each.type, axes: each.shape };
}
