import type { Performance } from '#core';

export type { Performance };

export interface Judged {
  readonly predicted: number | string | null;
  readonly outcome: number | string | boolean;
}

/** The sum of large errors is infinite, which JSON does not know. */
const finite = (value: number): number => Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));

/** Errors of numbers, or the share of right classes. Pairs of which one is missing or of another kind do not count. */
export function performanceOf(pairs: readonly Judged[]): Performance {
  const errors = pairs.flatMap(({ predicted, outcome }) =>
    typeof predicted === 'number' && typeof outcome === 'number' ? [finite(predicted - outcome)] : [],
  );
  if (errors.length > 0) {
    const mean = (of: (error: number) => number) =>
      finite(errors.reduce((sum, error) => sum + of(error), 0) / errors.length);
    return {
      outcomes: errors.length,
      mae: mean(Math.abs),
      rmse: Math.sqrt(mean((error) => error ** 2)),
      bias: mean(Number),
    };
  }
  const classes = pairs.filter(({ predicted }) => typeof predicted === 'string');
  if (classes.length === 0) return { outcomes: 0 };
  const right = classes.filter(({ predicted, outcome }) => predicted === String(outcome));
  return { outcomes: classes.length, accuracy: right.length / classes.length };
}
