import { backoffMs, beat, type Clock, HEARTBEAT_INTERVAL_MS, type Instance, type Logger, ModelyardError } from '#core';

export interface HeartbeatOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The instance as it is now; its times are filled in. */
  readonly describe: () => Omit<Instance, 'heartbeatAt' | 'expiresAt'>;
  readonly put: (instance: Instance) => Promise<void>;
  /** Registers anew after an outage: the registry may have lost what it knew. */
  readonly rejoin: () => Promise<void>;
}

/** Tells the registry that this instance is alive. */
export interface Heartbeat {
  /** Tells it now, for a change of state. Never rejects: an unheard heartbeat is made up for by the next one. */
  beatNow(): Promise<void>;
  /** Resolves when no heartbeat is on its way any more: one that lands after the farewell would raise the dead. */
  stop(): Promise<void>;
}

const RETRY_MS = 1000;

/** Beats every `HEARTBEAT_INTERVAL_MS`, and with growing pauses up to that while the registry is away. */
export function startHeartbeat({ clock, logger, describe, put, rejoin }: HeartbeatOptions): Heartbeat {
  const stopped = new AbortController();
  let failures = 0;

  let beating: Promise<void> = Promise.resolve();

  function beatNow(): Promise<void> {
    beating = beating.then(sendBeat);
    return beating;
  }

  async function sendBeat(): Promise<void> {
    try {
      if (failures > 0) await rejoin();
      await put(beat(describe(), clock.now()));
      if (failures > 0) logger.info('The registry is back.');
      failures = 0;
    } catch (error) {
      failures++;
      logger.warn('The registry did not hear this heartbeat.', { reason: String(error), failures });
    }
  }

  async function beatForever(): Promise<void> {
    while (!stopped.signal.aborted) {
      const pauseMs = failures === 0 ? HEARTBEAT_INTERVAL_MS : RETRY_MS * 2 ** Math.min(failures - 1, 10);
      await clock.sleep(Math.min(pauseMs, HEARTBEAT_INTERVAL_MS), stopped.signal);
      if (!stopped.signal.aborted) await beatNow();
    }
  }

  void beatForever();
  return {
    beatNow,
    async stop() {
      stopped.abort();
      await beating;
    },
  };
}

interface RegistrationOptions {
  readonly register: () => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stop: AbortSignal;
}

const REGISTER_BACKOFF = { baseMs: 500, maxMs: 10_000 };
const REGISTER_TRIES = 12;

/** Registers, with retries while the registry is away. Rejects when it stays away, refuses, or `stop` aborts. */
export async function registerPatiently({ register, clock, logger, stop }: RegistrationOptions): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await register();
      return;
    } catch (error) {
      const hopeless = !(error instanceof ModelyardError && error.retryable);
      if (hopeless || tries >= REGISTER_TRIES || stop.aborted) throw error;
      const pauseMs = Math.ceil(backoffMs(REGISTER_BACKOFF, tries));
      logger.warn('The registry cannot be reached; trying again.', { reason: error.message, pauseMs });
      await clock.sleep(pauseMs, stop);
    }
  }
}
