/** Errors of predictions on held-out rows. */
export interface Errors {
  readonly rmse: number;
  readonly mae: number;
}

export function errorsOf(predicted: readonly number[], actual: readonly number[]): Errors {
  const differences = actual.map((value, at) => (predicted[at] as number) - value);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    rmse: Math.sqrt(mean(differences.map((difference) => difference ** 2))),
    mae: mean(differences.map(Math.abs)),
  };
}
