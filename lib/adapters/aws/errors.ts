import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { ModelyardError, UNREACHABLE, type Unavailable } from '#core';
import type { Item } from './attributes.ts';

/** Runs an SDK call. Translates every error; the cause is the original one. */
export async function translated<T>(code: Unavailable, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof ModelyardError) throw error;
    if (error instanceof Error && error.name === 'CredentialsProviderError') throw withoutCredentials(code, error);
    throw new ModelyardError(code, UNREACHABLE[code], {
      cause: error,
      retryable: !isRefusal(error),
      retryAfterSeconds: 5,
    });
  }
}

const withoutCredentials = (code: Unavailable, cause: Error): ModelyardError =>
  new ModelyardError(code, 'This process has no AWS credentials: give it a role or set AWS_ACCESS_KEY_ID.', { cause });

/** A permanent refusal: a retry cannot succeed. A missing queue is not permanent, because it may still be created. */
const isRefusal = (error: unknown): boolean =>
  error instanceof Error &&
  '$fault' in error &&
  error.$fault === 'client' &&
  !('$retryable' in error && error.$retryable !== undefined) &&
  !/Throttl|TooManyRequests|LimitExceeded|Throughput|Timeout|ServiceUnavailable|Expired|NonExistentQueue|QueueDoesNotExist/i.test(
    error.name,
  );

/** The receipt has expired: the message is visible again or deleted. */
export const isLeaseLost = (error: unknown): boolean => error instanceof Error && isLostReceipt(error.name);

/** Same as `isLeaseLost`, for an entry of a batch. */
export const isLostReceipt = (code: string | undefined): boolean =>
  code !== undefined && /ReceiptHandleIsInvalid|MessageNotInflight/.test(code);

/** `done`, or the row that prevented the write. `item` is undefined if the row was deleted since. */
export type ConditionalOutcome = 'done' | { readonly item: Item | undefined };

/** Runs a conditional write. If its condition fails, resolves with the row from the response, or else reads it. */
export async function conditionalWrite(
  code: Unavailable,
  write: () => Promise<unknown>,
  read: () => Promise<Item | undefined>,
): Promise<ConditionalOutcome> {
  try {
    await translated(code, write);
    return 'done';
  } catch (error) {
    const cause = error instanceof ModelyardError ? error.cause : undefined;
    if (!(cause instanceof ConditionalCheckFailedException)) throw error;
    return { item: cause.Item ?? (await read()) };
  }
}
