/** What this process has learned about how long the tasks of each model take. */
export interface WaitPace {
  /** When it is first worth looking for a result, in milliseconds after the submit; 0 while nothing is known. */
  firstLookMs(model: string): number;
  learn(model: string, tookMs: number): void;
}

/** An unusually quick task is looked at no later than this, however slow the ones before it were. */
const MAX_FIRST_LOOK_MS = 250;
/** It follows quick tasks quickly and slow ones slowly, so it settles near the quicker end of what is usual. */
const WEIGHT_OF_QUICKER = 0.5;
const WEIGHT_OF_SLOWER = 0.1;
const MAX_MODELS = 500;

/** Where a store has to be polled, a reader that knows its model's pace looks once or twice instead of many times. */
export function createWaitPace(): WaitPace {
  const usualMs = new Map<string, number>();
  return {
    firstLookMs: (model) => Math.min(MAX_FIRST_LOOK_MS, usualMs.get(model) ?? 0),
    learn(model, tookMs) {
      const known = usualMs.get(model) ?? tookMs;
      const weight = tookMs < known ? WEIGHT_OF_QUICKER : WEIGHT_OF_SLOWER;
      if (usualMs.has(model) || usualMs.size < MAX_MODELS) usualMs.set(model, known + weight * (tookMs - known));
    },
  };
}
