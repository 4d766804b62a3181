import type { Clock, Logger } from '#core';

interface ScaleInProtectionOptions {
  /** Base URI of the ECS agent (`ECS_AGENT_URI`). */
  readonly agentUri: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Shorter runs end within the stop timeout, without protection. */
const LONG_RUN_MS = 20_000;
/** Duration of a protection. It is renewed every `RENEW_MS`. */
const PROTECTED_MINUTES = 10;
const RENEW_MS = 5 * 60_000;
const TIMEOUT_MS = 5000;

/**
 * Protects an instance with long runs from ECS scale-in, which kills a run two minutes after the stop signal. Best
 * effort: the task of a killed run is delivered again.
 */
export const scaleInProtection = ({ agentUri, clock, logger }: ScaleInProtectionOptions) =>
  async function protectLongRuns(inFlight: () => number, signal: AbortSignal): Promise<void> {
    let protectedAt: number | undefined;
    for (;;) {
      await clock.sleep(LONG_RUN_MS, signal);
      const isBusy = inFlight() > 0 && !signal.aborted;
      const isDue = isBusy
        ? protectedAt === undefined || clock.now() - protectedAt >= RENEW_MS
        : protectedAt !== undefined;
      if (isDue && (await protect(isBusy))) protectedAt = isBusy ? clock.now() : undefined;
      if (signal.aborted) return;
    }

    async function protect(enabled: boolean): Promise<boolean> {
      try {
        const response = await fetch(`${agentUri}/task-protection/v1/state`, {
          method: 'PUT',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({
            ProtectionEnabled: enabled,
            ...(enabled ? { ExpiresInMinutes: PROTECTED_MINUTES } : {}),
          }),
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        if (response.ok) return true;
        logger.warn('ECS refused to change the scale-in protection.', { status: response.status, enabled });
      } catch (error) {
        // Recovery: retried at the next check.
        logger.warn('The scale-in protection could not be changed.', { reason: String(error), enabled });
      }
      return false;
    }
  };
