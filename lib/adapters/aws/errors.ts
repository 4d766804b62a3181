import { ModelyardError, UNREACHABLE, type Unavailable } from '#core';

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
