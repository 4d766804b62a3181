import { latencyOf, TallyCounter } from '#core';
import type { RunningModel } from '../worker/running-model.ts';

/** One version with its process, and what it has answered. */
export interface Lane {
  readonly model: RunningModel;
  /** Starts again with each roll-out. */
  counter: TallyCounter;
}

export const laneOf = (model: RunningModel): Lane => ({ model, counter: new TallyCounter(model.version ?? '') });

/**
 * Another version is late when it takes so many times as long as 95 % of the answers of this one, but at least so long.
 */
const HEDGE = { ratio: 5, minMs: 1000, minAnswers: 20 };

/** When this version is asked too. Undefined while too little is known of its latency. */
export function hedgeMsOf(lane: Lane | undefined): number | undefined {
  if (!lane) return undefined;
  const { tally } = lane.counter;
  const usual = tally.tasks - tally.failed < HEDGE.minAnswers ? undefined : latencyOf(tally, 0.95);
  return usual === undefined ? undefined : Math.max(HEDGE.minMs, usual * HEDGE.ratio);
}
