import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { ModelyardError, UNREACHABLE, type Unavailable } from '#core';
import type { Item } from './attributes.ts';

/** Runs one SDK call; whatever it throws becomes one of our errors, with what AWS said as its cause. */
export async function translated<T>(code: Unavailable, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof ModelyardError) throw error;
    throw new ModelyardError(code, UNREACHABLE[code], {
      cause: error,
      retryable: !isRefusal(error),
      retryAfterSeconds: 5,
    });
  }
}

/** The service understood and said no: the same call will not succeed later. A queue that is not there may come yet. */
const isRefusal = (error: unknown): boolean =>
  error instanceof Error &&
  '$fault' in error &&
  error.$fault === 'client' &&
  !('$retryable' in error && error.$retryable !== undefined) &&
  !/Throttl|TooManyRequests|LimitExceeded|Throughput|Timeout|ServiceUnavailable|Expired|NonExistentQueue|QueueDoesNotExist/i.test(
    error.name,
  );

/** SQS no longer knows the receipt: the message is back in its queue, or gone. */
export const isLeaseLost = (error: unknown): boolean => error instanceof Error && isLostReceipt(error.name);

/** The same, for the entries of a batch. */
export const isLostReceipt = (code: string | undefined): boolean =>
  code !== undefined && /ReceiptHandleIsInvalid|MessageNotInflight/.test(code);

/** A write that went through, or the row that stood in its way; without `item` when it has gone since. */
export type ConditionalOutcome = 'done' | { readonly item: Item | undefined };

/** Runs a conditional write; when its condition fails, answers with the row as it was, or is now where AWS does not say. */
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
