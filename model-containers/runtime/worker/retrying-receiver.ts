import { backoffMs, type Clock, type Delivery, type Logger, ModelyardError, type TaskConsumer } from '#core';

interface RetryingReceiverOptions {
  readonly consumer: TaskConsumer;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** How long the queue may be unavailable before `receive` rejects. */
  readonly maxOutageMs: number;
}

const BACKOFF = { baseMs: 250, maxMs: 15_000 };

/**
 * Retries a receive with exponential back-off and jitter while the queue is unavailable. Rejects with the last error
 * after `maxOutageMs`.
 */
export function createRetryingReceiver({
  consumer,
  clock,
  logger,
  signal,
  random,
  maxOutageMs,
}: RetryingReceiverOptions) {
  let failures = 0;
  let unavailableSince = 0;

  return async function receiveWithRetries(max: number): Promise<readonly Delivery[]> {
    while (!signal.aborted) {
      try {
        const deliveries = await consumer.receive(max);
        if (failures > 0) logger.info('The queue is available again.', { outageMs: clock.now() - unavailableSince });
        failures = 0;
        return deliveries;
      } catch (error) {
        if (!(error instanceof ModelyardError && error.retryable)) throw error;
        if (failures === 0) unavailableSince = clock.now();
        failures++;
        if (clock.now() - unavailableSince >= maxOutageMs) throw error;
        const pauseMs = Math.ceil(backoffMs(BACKOFF, failures, random));
        logger.warn('The queue is unavailable; retrying.', { reason: error.message, pauseMs, failures });
        await clock.sleep(pauseMs, signal);
      }
    }
    return [];
  };
}
