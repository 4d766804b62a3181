import type { Clock, Logger } from '#core';

interface ScaleInProtectionOptions {
  /** Of the ECS agent, as ECS tells its tasks. */
  readonly agentUri: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Runs that end sooner than this are finished after the stop signal anyway. */
const LONG_RUN_MS = 20_000;
/** What ECS is asked for, and when it is asked again. */
const PROTECTED_MINUTES = 10;
const RENEW_MS = 5 * 60_000;
const TIMEOUT_MS = 5000;

/**
 * Keeps ECS from taking an instance away while it has had work in hand for long: it would kill a run two
 * minutes after the stop signal. Best effort: without it, the task of a killed run starts again elsewhere.
 */
export const scaleInProtection = ({ agentUri, clock, logger }: ScaleInProtectionOptions) =>
  async function keepWhileWorking(inFlight: () => number, signal: AbortSignal): Promise<void> {
    let askedAt: number | undefined;
    for (;;) {
      await clock.sleep(LONG_RUN_MS, signal);
      const isBusy = inFlight() > 0 && !signal.aborted;
      const isDue = isBusy ? askedAt === undefined || clock.now() - askedAt >= RENEW_MS : askedAt !== undefined;
      if (isDue && (await ask(isBusy))) askedAt = isBusy ? clock.now() : undefined;
      if (signal.aborted) return;
    }

    async function ask(wanted: boolean): Promise<boolean> {
      try {
        const response = await fetch(`${agentUri}/task-protection/v1/state`, {
          method: 'PUT',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({
            ProtectionEnabled: wanted,
            ...(wanted ? { ExpiresInMinutes: PROTECTED_MINUTES } : {}),
          }),
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        if (response.ok) return true;
        logger.warn('ECS does not protect this instance.', { status: response.status, wanted });
      } catch (error) {
        // Asked again at the next look.
        logger.warn('ECS cannot be asked to protect this instance.', { reason: String(error), wanted });
      }
      return false;
    }
  };
