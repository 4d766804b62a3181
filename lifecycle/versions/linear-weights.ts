import { isRecord, ModelyardError } from '#core';

/** The content of `model.json`. */
export interface LinearWeights {
  readonly format: 'linear';
  readonly features: readonly string[];
  readonly intercept: number;
  /** One per feature. */
  readonly weights: readonly number[];
}

export const predictLinear = ({ intercept, weights }: LinearWeights, row: readonly number[]): number =>
  weights.reduce((sum, weight, at) => sum + weight * (row[at] as number), intercept);

/** Throws `invalid_input` for other content. */
export function readLinearWeights(bytes: Uint8Array): LinearWeights {
  const value: unknown = JSON.parse(Buffer.from(bytes).toString());
  const isLinear =
    isRecord(value) &&
    value.format === 'linear' &&
    Array.isArray(value.features) &&
    Array.isArray(value.weights) &&
    value.weights.length === value.features.length &&
    [value.intercept, ...value.weights].every(Number.isFinite);
  if (isLinear) return value as unknown as LinearWeights;
  throw new ModelyardError('invalid_input', 'The file model.json has no weights of a linear model.');
}
