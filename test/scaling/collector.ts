import { decideInstances, NO_MEMORY, type ScalingMemory } from '#core';
import type { Policy, World } from './world.ts';

/** What EventBridge, SQS and the registry promise only roughly. */
export interface Faults {
  /** Share of looks that never happen. */
  readonly missed: number;
  /** Share of looks that happen twice. */
  readonly repeated: number;
  /** The counts of SQS are up to this old. */
  readonly staleSeconds: number;
}

export const USUAL_FAULTS: Faults = { missed: 0.05, repeated: 0.01, staleSeconds: 20 };

const IDLE_MS = 300_000;
/** A look happens within the minute, not at its start. */
const LATENESS_SECONDS = 20;

/** The scaling of the product: `decideInstances`, once a minute, on counts that lag. */
export function collector(faults: Faults = USUAL_FAULTS): Policy {
  let memory: ScalingMemory = NO_MEMORY;
  let looksAt: number[] = [];

  function look(world: World): void {
    const seenAt = Math.max(0, world.second - Math.floor(world.random() * faults.staleSeconds));
    const { held = 0, delayed = 0 } = world.moments[seenAt] ?? {};
    const { slots, serviceSeconds } = world.load;
    const inFlight = world.live.length === 0 ? 0 : Math.ceil(world.running / world.live.length);
    const decided = decideInstances(
      {
        now: 1000 * world.second,
        depth: { visible: Math.max(0, held - world.running), inFlight: world.running, delayed, deadLetters: 0 },
        live: world.live.map(({ startedAt, busyAt, isReady }) => ({
          ...{ slots, startedAt: 1000 * startedAt, busyAt: 1000 * busyAt },
          inFlight: isReady ? Math.min(slots, inFlight) : 0,
          ...(isReady && world.second - startedAt > 15
            ? { serviceMs: 1000 * serviceSeconds }
            : { serviceMs: undefined }),
        })),
        ...{ desired: world.desired, launched: 0 },
      },
      { min: 0, max: world.max, idleMs: IDLE_MS },
      memory,
    );
    memory = decided.memory;
    if (decided.desired !== world.desired) world.setDesired(decided.desired);
  }

  return function scale(world, second) {
    if (second % 60 === 0 && world.random() >= faults.missed) {
      const at = second + Math.floor(world.random() * LATENESS_SECONDS);
      looksAt.push(at, ...(world.random() < faults.repeated ? [at + 5] : []));
    }
    if (!looksAt.includes(second)) return;
    looksAt = looksAt.filter((at) => at > second);
    look(world);
  };
}
