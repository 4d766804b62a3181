import { backoffMs, type Clock, type Delivery, type Logger, ModelyardError, type TaskConsumer } from '#core';

interface PatientReceiverOptions {
  readonly consumer: TaskConsumer;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** How long the queue may stay away before `receive` rejects. */
  readonly patienceMs: number;
}

const BACKOFF = { baseMs: 250, maxMs: 15_000 };

/**
 * Receives through outages: retries with back-off and jitter while the queue is away, and rejects with
 * the last error once it has stayed away for `patienceMs`.
 */
export function createPatientReceiver({ consumer, clock, logger, signal, random, patienceMs }: PatientReceiverOptions) {
  let failures = 0;
  let awaySince = 0;

  return async function receivePatiently(max: number): Promise<readonly Delivery[]> {
    while (!signal.aborted) {
      try {
        const deliveries = await consumer.receive(max);
        if (failures > 0) logger.info('The queue is back.', { awayMs: clock.now() - awaySince });
        failures = 0;
        return deliveries;
      } catch (error) {
        if (!(error instanceof ModelyardError && error.retryable)) throw error;
        if (failures === 0) awaySince = clock.now();
        failures++;
        if (clock.now() - awaySince >= patienceMs) throw error;
        const pauseMs = Math.ceil(backoffMs(BACKOFF, failures, random));
        logger.warn('The queue cannot be reached; trying again.', { reason: error.message, pauseMs, failures });
        await clock.sleep(pauseMs, signal);
      }
    }
    return [];
  };
}
