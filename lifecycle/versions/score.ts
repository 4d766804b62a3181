import { ModelyardError } from '#core';
import { predictLinear, readLinearWeights } from './linear-weights.ts';

/** Predicts one value per row. */
export type Score = (x: readonly (readonly number[])[]) => Promise<readonly number[]>;

/** How far the files may be from their trainer, relative to values above 1. ONNX may compute in single precision. */
export const TOLERANCE = { 'model.json': 1e-6, 'model.onnx': 1e-4 } as const;

export type ModelFile = keyof typeof TOLERANCE;

/** The file that can be scored here. Undefined if there is none. */
export const modelFileIn = (names: readonly string[]): ModelFile | undefined =>
  (['model.json', 'model.onnx'] as const).find((name) => names.includes(name));

/** Makes a function of the files of a version. Rejects with `invalid_input` for files that only Python can read. */
export async function scorerOf(read: (name: string) => Promise<Uint8Array>, names: readonly string[]): Promise<Score> {
  const name = modelFileIn(names);
  if (name === undefined)
    throw new ModelyardError('invalid_input', 'The version has neither weights nor an ONNX file.');
  const bytes = await read(name);
  if (name === 'model.onnx') return scoreOnnx(bytes);
  const weights = readLinearWeights(bytes);
  return async (x) => x.map((row) => predictLinear(weights, row));
}

async function scoreOnnx(bytes: Uint8Array): Promise<Score> {
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1 });
  const [input = '', output = ''] = [session.inputNames[0], session.outputNames[0]];
  const [metadata] = session.inputMetadata;
  const isDouble = metadata?.isTensor && metadata.type === 'float64';
  return async (x) => {
    if (x.length === 0) return [];
    const flat = x.flat();
    const shape = [x.length, flat.length / x.length];
    const rows = isDouble
      ? new Tensor('float64', Float64Array.from(flat), shape)
      : new Tensor('float32', Float32Array.from(flat), shape);
    const results = await session.run({ [input]: rows });
    return Array.from(results[output]?.data as Float32Array | Float64Array, Number);
  };
}
