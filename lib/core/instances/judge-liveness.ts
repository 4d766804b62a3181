import { HEARTBEAT_TTL_MS, type Instance } from './instance.ts';

interface Sighting {
  readonly heartbeatAt: number;
  /** Time of the last look, by the reader's clock. */
  readonly seenAt: number;
  /** When a heartbeat with an implausible time was noticed, by the reader's clock. */
  readonly skewedBeatAt?: number;
}

/** Tolerated clock difference. */
const TOLERANCE_MS = 5000;

/**
 * Computes `expiresAt` by the reader's clock. Plausible timestamps are used as they are. An instance with a wrong clock
 * counts as alive only after the reader has seen its heartbeat change, and then for the normal time.
 */
export function createLivenessJudge() {
  let sightings = new Map<string, Sighting>();

  return function judge(instances: readonly Instance[], now: number): readonly Instance[] {
    const latest = new Map<string, Sighting>();
    const judged = instances.map((instance) => {
      const key = `${instance.model}/${instance.id}`;
      const sighting = look(sightings.get(key), instance, now);
      latest.set(key, sighting);
      return { ...instance, expiresAt: expiryOf(instance, sighting, now) };
    });
    sightings = latest;
    return judged;
  };
}

function look(before: Sighting | undefined, { heartbeatAt }: Instance, now: number): Sighting {
  if (!before) return { heartbeatAt, seenAt: now };
  if (before.heartbeatAt === heartbeatAt) return { ...before, seenAt: now };
  // The heartbeat happened between two looks. Any other time means a wrong clock.
  const skewed = heartbeatAt < before.seenAt - TOLERANCE_MS || heartbeatAt > now + TOLERANCE_MS;
  return { heartbeatAt, seenAt: now, ...(skewed ? { skewedBeatAt: now } : {}) };
}

function expiryOf({ heartbeatAt, expiresAt }: Instance, { skewedBeatAt }: Sighting, now: number): number {
  if (skewedBeatAt !== undefined) return skewedBeatAt + HEARTBEAT_TTL_MS;
  return heartbeatAt > now + TOLERANCE_MS ? 0 : Math.min(expiresAt, now + HEARTBEAT_TTL_MS);
}
