import type { TaskError } from '#core';

/** Why a run failed, and whether another attempt could help. */
export interface Failure {
  readonly error: TaskError;
  /** True when no retry will make it right. */
  readonly final: boolean;
}

/**
 * Reads what a model threw. An error with `retryable: false`, as `InvalidInput` has, is final; its
 * `code`, when it has one, is what the task's owner sees.
 */
export function failureOf(thrown: unknown): Failure {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { retryable, code } = error as Error & { readonly retryable?: unknown; readonly code?: unknown };
  const final = retryable === false;
  return {
    error: {
      code: typeof code === 'string' ? code : 'model_error',
      message: error.message || error.name,
      retryable: !final,
    },
    final,
  };
}

/** A failure that ends its task at once. */
export const finalFailure = (code: string, message: string): Failure => ({
  error: { code, message, retryable: false },
  final: true,
});
