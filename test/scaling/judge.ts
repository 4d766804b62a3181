import type { Load, Moment, Policy } from './world.ts';
import { World } from './world.ts';

/** How a policy dealt with a load. Times are seconds after the first task. */
export interface Verdict {
  readonly moments: readonly Moment[];
  readonly firstReady: number | undefined;
  /** When the queue was empty for the first time after the last arrival. */
  readonly drained: number | undefined;
  readonly peak: number;
  /** Instances at the peak beyond those that the load would have filled for a minute. */
  readonly overshoot: number;
  /** Changes of direction of the desired count, beyond going up and down once. */
  readonly flaps: number;
  readonly undoneWakes: number;
  readonly instanceMinutes: number;
}

export function judge(load: Load, policy: Policy, seed: number): Verdict {
  const world = new World(load, seed);
  const moments = world.run(policy);
  const arrivals = moments.map((_, second) => load.arrivals(second));
  const first = arrivals.findIndex((count) => count > 0);
  const last = arrivals.findLastIndex((count) => count > 0);
  const firstReady = moments.findIndex(({ ready }) => ready > 0);
  const drained = moments.findIndex(({ held, delayed }, second) => second > last && held + delayed === 0);
  const peak = Math.max(...moments.map(({ desired }) => desired));
  return {
    moments,
    firstReady: firstReady < 0 ? undefined : firstReady - first,
    drained: drained < 0 ? undefined : drained - first,
    peak,
    overshoot: Math.max(0, peak - neededAtMost(load, arrivals)),
    flaps: Math.max(0, directionsOf(moments) - 2),
    undoneWakes: world.undoneWakes,
    instanceMinutes: Math.round(moments.reduce((sum, { ready }) => sum + ready, 0) / 60),
  };
}

/** Instances that finish the tasks of the busiest minute within a minute. */
function neededAtMost({ slots, serviceSeconds, runs }: Load, arrivals: readonly number[]): number {
  let busiest = 0;
  for (let from = 0; from < arrivals.length; from += 60) {
    busiest = Math.max(
      busiest,
      arrivals.slice(from, from + 60).reduce((sum, count) => sum + count, 0),
    );
  }
  return Math.max(1, Math.ceil((busiest * serviceSeconds * runs) / (slots * 60)));
}

/** The number of runs of changes in one direction. */
function directionsOf(moments: readonly Moment[]): number {
  let directions = 0;
  let going = 0;
  for (let second = 1; second < moments.length; second++) {
    const change = Math.sign((moments[second]?.desired ?? 0) - (moments[second - 1]?.desired ?? 0));
    if (change !== 0 && change !== going) {
      directions++;
      going = change;
    }
  }
  return directions;
}
