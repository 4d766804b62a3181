import { HEARTBEAT_TTL_MS, type Instance } from './instance.ts';

interface Sighting {
  readonly heartbeatAt: number;
  /** When it was last looked at, by the reader's clock. */
  readonly seenAt: number;
  /** When a heartbeat with an impossible time was seen to come in, by the reader's clock. */
  readonly skewedBeatAt?: number;
}

/** Clocks that disagree by less than this are fine as they are. */
const TOLERANCE_MS = 5000;

/**
 * Makes a reader that gives every instance an `expiresAt` by the reader's own clock. Timestamps are
 * taken at their word while they can be true; an instance whose clock is off counts as alive only
 * once it was seen to beat, and for as long as any other after that, so that an absurd clock can
 * neither hide a live instance nor keep a dead one.
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
  // It beat between the two looks; any other time is a wrong clock.
  const skewed = heartbeatAt < before.seenAt - TOLERANCE_MS || heartbeatAt > now + TOLERANCE_MS;
  return { heartbeatAt, seenAt: now, ...(skewed ? { skewedBeatAt: now } : {}) };
}

function expiryOf({ heartbeatAt, expiresAt }: Instance, { skewedBeatAt }: Sighting, now: number): number {
  if (skewedBeatAt !== undefined) return skewedBeatAt + HEARTBEAT_TTL_MS;
  return heartbeatAt > now + TOLERANCE_MS ? 0 : Math.min(expiresAt, now + HEARTBEAT_TTL_MS);
}
