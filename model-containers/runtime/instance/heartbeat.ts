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
import type { ModelCondition } from '../worker/running-model.ts';

/** What heartbeats say of a ready instance. */
export const CONDITIONS = {
  ready: {},
  blocked: { condition: 'model_blocked' },
  restarting: { condition: 'model_restarting' },
} as const satisfies Record<ModelCondition, Pick<Instance, 'condition'>>;

export interface HeartbeatOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The current state of the instance, without its times. */
  readonly describe: () => Omit<Instance, 'heartbeatAt' | 'expiresAt'>;
  readonly put: (instance: Instance) => Promise<void>;
  /** Registers again after an outage, because the registry may have lost its data. */
  readonly rejoin: () => Promise<void>;
}

/** Sends heartbeats to the registry. */
export interface Heartbeat {
  /** Sends a heartbeat immediately, after a change of state. Never rejects: the next heartbeat repeats the state. */
  beatNow(): Promise<void>;
  /** Resolves when no heartbeat is pending. A late heartbeat would register a removed instance again. */
  stop(): Promise<void>;
}

const RETRY_MS = 1000;

/**
 * Sends a heartbeat every `HEARTBEAT_INTERVAL_MS`. Failures are retried with exponential back-off up to that interval.
 */
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
      if (failures > 0) logger.info('The registry is available again.');
      failures = 0;
    } catch (error) {
      failures++;
      logger.warn('A heartbeat failed.', { reason: String(error), failures });
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

/**
 * Registers, with retries while the registry is unavailable. Rejects after the last retry, when the registration is
 * refused, or when `stop` aborts.
 */
export async function registerWithRetries({ register, clock, logger, stop }: RegistrationOptions): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await register();
      return;
    } catch (error) {
      const isFinal = !(error instanceof ModelyardError && error.retryable);
      if (isFinal || tries >= REGISTER_TRIES || stop.aborted) throw error;
      const pauseMs = Math.ceil(backoffMs(REGISTER_BACKOFF, tries));
      logger.warn('The registry is unavailable; retrying.', { reason: error.message, pauseMs });
      await clock.sleep(pauseMs, stop);
    }
  }
}

interface IdleStopOptions {
  readonly clock: Clock;
  readonly idleMs: number;
  /** Milliseconds since the last unsettled task; 0 while there is one. */
  readonly idleForMs: () => number;
  /** Publishes the state in the registry. */
  readonly announce: (state: 'ready' | 'draining') => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Resolves with true when the instance has been idle for `idleMs`, and with false when `signal` aborts. Publishes
 * `draining` first and keeps receiving until every cached snapshot shows it. A task that was routed by an old snapshot
 * is run.
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
