import { ModelyardError } from '#core';

interface RetryConflictsOptions {
  readonly maxTries: number;
  /** Message of the error after `maxTries`. */
  readonly conflict: string;
}

/**
 * Repeats a change while it resolves with undefined: something that it has read was changed by others meanwhile. Rejects
 * with a retryable `conflict` after `maxTries`.
 */
export async function retryConflicts<T>(
  change: () => Promise<T | undefined>,
  { maxTries, conflict }: RetryConflictsOptions,
): Promise<T> {
  for (let tries = 1; tries <= maxTries; tries++) {
    const result = await change();
    if (result !== undefined) return result;
  }
  throw new ModelyardError('conflict', conflict, { retryable: true });
}
