/** Positions of values on one axis, and its ticks. */
export interface Scale {
  /** The position of a value, in units of the drawing. */
  at(value: number): number;
  readonly ticks: readonly number[];
}

/** Positions of the lowest and of the highest value. */
export type Range = readonly [low: number, high: number];

const MOST_TICKS = 6;

/** From 0 to the next round number above `max`. */
export function linear(max: number, [low, high]: Range): Scale {
  const step = roundStep(max);
  const top = Math.max(step, Math.ceil(max / step - 1e-9) * step);
  return upTo(top, step, [low, high]);
}

/** From 0 to exactly `max`, for elapsed time. */
export const linearTo = (max: number, range: Range): Scale => upTo(max, roundStep(max), range);

/** From the power of ten at or below `min` to the one at or above `max`. Lower values lie on the first. */
export function logarithmic([min, max]: readonly [number, number], [low, high]: Range): Scale {
  const first = Math.floor(Math.log10(min));
  const last = Math.max(first + 1, Math.ceil(Math.log10(max) - 1e-9));
  const between = last - first > 2 ? [1] : [1, 2, 5];
  const decades = Array.from({ length: last - first + 1 }, (_, decade) => 10 ** (first + decade));
  const ticks = decades
    .flatMap((decade) => between.map((factor) => Number((factor * decade).toPrecision(12))))
    .filter((tick) => tick <= 10 ** last);
  const at = (value: number): number =>
    low + ((Math.log10(Math.max(value, 10 ** first)) - first) / (last - first)) * (high - low);
  return { at, ticks };
}

function upTo(top: number, step: number, [low, high]: Range): Scale {
  const count = Math.floor(top / step + 1e-9);
  const ticks = Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)));
  return { at: (value) => low + (value / top) * (high - low), ticks };
}

/** 1, 2 or 5 times a power of ten, for at most seven ticks. */
function roundStep(max: number): number {
  if (max <= 0) return 1;
  const least = max / MOST_TICKS;
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= least * (1 - 1e-9)) ?? 10);
}
