import {
  backoffMs,
  beat,
  type Clock,
  HEARTBEAT_INTERVAL_MS,
  type Instance,
  type Logger,
  MAX_STALENESS_MS,
  ModelyardError,
} from '#core';

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

interface IdleStopOptions {
  readonly clock: Clock;
  readonly idleMs: number;
  /** Milliseconds since there was last something in hand; 0 while there is. */
  readonly idleForMs: () => number;
  /** Tells the world whether this instance still counts on getting tasks. */
  readonly announce: (state: 'ready' | 'draining') => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Resolves with true when an instance has been idle for so long that it should stop, with false when
 * `signal` aborts. It says so first and goes on working until everybody who may still count on it has
 * read that: a task that was sent to it in good faith is not left alone.
 */
export async function untilIdle(options: IdleStopOptions): Promise<boolean> {
  const { clock, idleMs, idleForMs, announce, signal } = options;
  while (!signal.aborted) {
    await clock.sleep(Math.max(10, idleMs - idleForMs()), signal);
    if (signal.aborted || idleForMs() < idleMs) continue;
    await announce('draining');
    await clock.sleep(MAX_STALENESS_MS + 1000, signal);
    if (idleForMs() >= idleMs) return !signal.aborted;
    await announce('ready');
  }
  return false;
}
