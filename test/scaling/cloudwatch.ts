import type { Policy, World } from './world.ts';

/** A metric of one-minute periods whose points become visible late, out of order or never. */
export class Metric {
  readonly #points: { readonly period: number; readonly value: number; readonly visibleAt: number }[] = [];
  readonly #delay: { readonly least: number; readonly most: number };
  readonly #missing: number;

  constructor({ least, most, missing }: { least: number; most: number; missing: number }) {
    this.#delay = { least, most };
    this.#missing = missing;
  }

  put(world: World, value: number): void {
    if (world.random() < this.#missing) return;
    const { least, most } = this.#delay;
    const visibleAt = world.second + least + world.random() * (most - least);
    this.#points.push({ period: Math.floor(world.second / 60), value, visibleAt });
  }

  /** The last periods, newest last, as an evaluation sees them now. Undefined for a point that is not there. */
  last(world: World, periods: number): (number | undefined)[] {
    const newest = Math.floor(world.second / 60) - 1;
    return Array.from({ length: periods }, (_, at) => {
      const period = newest - periods + 1 + at;
      return this.#points.findLast((point) => point.period === period && point.visibleAt <= world.second)?.value;
    });
  }
}

/** SQS publishes its metrics a minute or two late. */
const OF_SQS = { least: 60, most: 150, missing: 0.02 };
const SCALE_OUT_COOLDOWN = 30;
const SCALE_IN_COOLDOWN = 300;

/**
 * What the stack had before: target tracking on metric math with `FILL(…, 0)`. Its high alarm wants 3 of 3 periods above
 * the target, its low alarm 15 of 15 below 90 % of it, and both repeat their action while they last.
 */
export function targetTracking(): Policy {
  const backlog = new Metric(OF_SQS);
  let outAt = Number.NEGATIVE_INFINITY;
  let inAt = Number.NEGATIVE_INFINITY;
  return function scale(world, second) {
    if (second % 60 !== 59) return;
    const target = world.load.slots * 2;
    backlog.put(world, world.held / Math.max(1, world.live.length));
    // FILL: a point that has not come yet reads 0.
    const seen = backlog.last(world, 15).map((value) => value ?? 0);
    if (seen.slice(-3).every((value) => value > target) && second - outAt >= SCALE_OUT_COOLDOWN) {
      outAt = second;
      world.setDesired(Math.ceil((Math.max(1, world.desired) * (seen.at(-1) ?? 0)) / target));
    } else if (seen.every((value) => value < 0.9 * target) && world.desired > 0 && second - inAt >= SCALE_IN_COOLDOWN) {
      inAt = second;
      world.setDesired(Math.floor((world.desired * (seen.at(-1) ?? 0)) / target));
    }
  };
}

/**
 * The alternative on CloudWatch: step scaling on a plain metric, 2 of 3 periods to scale out and 5 of 6 to scale in.
 * Missing points are not counted.
 */
export function stepScaling(): Policy {
  const backlog = new Metric({ least: 10, most: 90, missing: 0.05 });
  let outAt = Number.NEGATIVE_INFINITY;
  let inAt = Number.NEGATIVE_INFINITY;
  return function scale(world, second) {
    if (second % 60 !== 59) return;
    const target = world.load.slots * 2;
    backlog.put(world, world.held / Math.max(1, world.live.length));
    const recent = backlog.last(world, 3);
    const high = recent.filter((value) => value !== undefined && value >= target);
    const low = backlog.last(world, 6).filter((value) => value !== undefined && value < target / 8);
    if (high.length >= 2 && second - outAt >= 60) {
      outAt = second;
      world.setDesired(world.desired + ((high.at(-1) ?? 0) >= 4 * target ? 4 : 1));
    } else if (low.length >= 5 && world.desired > 0 && second - Math.max(inAt, outAt) >= SCALE_IN_COOLDOWN) {
      inAt = second;
      world.setDesired(world.desired - 1);
    }
  };
}
