import { ModelyardError } from '#core';
import type { Lifecycle } from '../lifecycle.ts';

/**
 * An object of the prediction log as a file. Rejects with a retryable error if it is gone: an erasure has written it again
 * meanwhile, and a repetition finds the new one.
 */
export async function logFile({ stores }: Pick<Lifecycle, 'stores'>, artifact: string): Promise<string> {
  try {
    return await stores.artifacts.fileOf(artifact);
  } catch (cause) {
    if (!(cause instanceof ModelyardError) || cause.code !== 'resource_not_found') throw cause;
    throw new ModelyardError('conflict', 'The prediction log has changed meanwhile.', { retryable: true, cause });
  }
}
