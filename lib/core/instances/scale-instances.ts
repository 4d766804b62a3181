import type { QueueDepth } from '../tasks/task-queue.ts';
import type { Instance } from './instance.ts';

/** The input of one decision about the number of instances of a model. Times are Unix milliseconds. */
export interface Demand {
  readonly now: number;
  /** Undefined while the queue is unavailable. */
  readonly depth: QueueDepth | undefined;
  /** Live instances that are not draining. */
  readonly live: readonly Pick<Instance, 'slots' | 'inFlight' | 'serviceMs' | 'startedAt' | 'busyAt'>[];
  /** The number that the platform keeps running. */
  readonly desired: number;
  /** Instances that an operator has launched and not stopped. */
  readonly launched: number;
}

export interface ScalingLimits {
  /** Instances that stay while idle. */
  readonly min: number;
  readonly max: number;
  /** Time without work after which the last instance stops. */
  readonly idleMs: number;
}

/** The state that decisions pass to the next one. */
export interface ScalingMemory {
  /** The instances that the backlog needed at each look, oldest first. */
  readonly looks: readonly { readonly at: number; readonly needed: number }[];
  /** The number after the last decision. */
  readonly desired: number;
}

export const NO_MEMORY: ScalingMemory = { looks: [], desired: 0 };

/** Instances are added until the backlog is done within this time, which is about that of a start. */
const DRAIN_MS = 60_000;
/** Instances stay until no look within this time needed them: the next start costs a cold start. */
export const SCALE_IN_WINDOW_MS = 5 * 60_000;
/** A window in which most looks were missed decides nothing. */
const LEAST_LOOKS = 3;
/** A look may come this much late or early. */
const LOOK_JITTER_MS = 60_000;
/** Waiting tasks per slot that justify another instance while nobody knows how long a run takes. */
const ROUNDS_WAITING = 2;

/**
 * Decides how many instances a model keeps. Scales out at once, to what drains the backlog within `DRAIN_MS`. Scales in
 * to the highest need within `SCALE_IN_WINDOW_MS`. A wake-up or a launch since the last decision starts a new window.
 */
export function decideInstances(
  demand: Demand,
  limits: ScalingLimits,
  memory: ScalingMemory,
): { readonly desired: number; readonly memory: ScalingMemory } {
  const { now, depth, desired } = demand;
  const raised = desired > memory.desired;
  const recent = raised ? [] : memory.looks.filter(({ at }) => at > now - SCALE_IN_WINDOW_MS - LOOK_JITTER_MS);
  // Without the depth there is nothing to decide by.
  if (!depth) return { desired, memory: { looks: recent, desired } };

  const looks = [...recent, { at: now, needed: Math.max(neededNow(demand, depth), neededToStay(demand)) }];
  // Activity keeps the last instance, and starts none: an instance may run outside the platform's control.
  const kept = isActive(demand, depth, limits.idleMs) ? Math.min(1, desired) : 0;
  const floor = Math.max(limits.min, demand.launched, kept);
  const within = (needed: number) => Math.min(limits.max, Math.max(floor, needed));
  const out = within(neededNow(demand, depth));
  if (out >= desired) return { desired: out, memory: { looks: out === 0 ? [] : looks, desired: out } };

  const needed = within(Math.max(...looks.map((look) => look.needed)));
  const lower = isCovered(looks, now) ? Math.min(desired, needed) : desired;
  return { desired: lower, memory: { looks: lower === 0 ? [] : looks, desired: lower } };
}

/** Instances that finish the backlog within `DRAIN_MS`. Delayed retries need none yet. */
function neededNow({ live }: Demand, { visible, inFlight }: QueueDepth): number {
  const held = visible + inFlight;
  const [first] = live;
  if (held === 0) return 0;
  // More before the first has started would only multiply a start that fails.
  if (!first) return 1;
  const slots = Math.max(1, first.slots);
  const serviceMs = slowest(live);
  if (serviceMs !== undefined) return Math.max(1, Math.ceil((held * serviceMs) / (slots * DRAIN_MS)));
  return Math.min(2 * live.length, Math.ceil(held / (slots * ROUNDS_WAITING)));
}

/** The share of the live instances that their present runs would fill. Never more than there are. */
function neededToStay({ live }: Demand): number {
  const slots = live.reduce((sum, instance) => sum + instance.slots, 0);
  const runs = live.reduce((sum, { inFlight }) => sum + inFlight, 0);
  return slots === 0 ? 0 : Math.min(live.length, Math.ceil((live.length * runs) / (slots * FULL_SHARE)));
}

/** Running slots above this share leave no room for bursts. */
const FULL_SHARE = 0.8;

function slowest(live: Demand['live']): number | undefined {
  const known = live.flatMap(({ serviceMs }) => serviceMs ?? []);
  return known.length === 0 ? undefined : Math.max(...known);
}

/** Whether there is work, or was within `idleMs`. A new instance counts as busy until then. */
function isActive({ now, live }: Demand, { visible, inFlight, delayed }: QueueDepth, idleMs: number): boolean {
  if (visible + inFlight + delayed > 0) return true;
  return live.some(({ busyAt, startedAt }) => (busyAt ?? startedAt) > now - idleMs);
}

/** Whether enough looks reach back over the whole window. */
const isCovered = (looks: ScalingMemory['looks'], now: number): boolean =>
  looks.length >= LEAST_LOOKS && (looks[0]?.at ?? now) <= now - SCALE_IN_WINDOW_MS + LOOK_JITTER_MS;
