import type { Violation } from './oracle/oracle.ts';
import { runScenario } from './run-scenario.ts';
import { scenarioOf } from './world/scenario.ts';

/** Every `stride`-th seed from `from` on, `count` of them. */
export interface SeedRange {
  readonly from: number;
  readonly count: number;
  readonly stride: number;
  /** Goes on after a seed that breaks a rule. */
  readonly isKeepingOn: boolean;
}

export type SeedMessage =
  | { readonly kind: 'progress'; readonly seeds: number; readonly steps: number }
  | { readonly kind: 'violation'; readonly seed: number; readonly violation: Violation };

const REPORT_EVERY = 50;

/** Plays the seeds one after the other, and says what came of them. */
export async function runSeeds(
  range: SeedRange,
  hasWrongRows: boolean,
  say: (message: SeedMessage) => void,
): Promise<void> {
  const { from, count, stride, isKeepingOn } = range;
  // Most errors in a simulation are expected; their stacks would cost a tenth of the time.
  Error.stackTraceLimit = 0;
  let seeds = 0;
  let steps = 0;
  const report = () => {
    say({ kind: 'progress', seeds, steps });
    seeds = 0;
    steps = 0;
  };
  for (let at = 0; at < count; at++) {
    const seed = from + at * stride;
    const result = await runScenario(scenarioOf(seed), { suppressed: new Set(), hasWrongRows });
    seeds += 1;
    steps += result.steps;
    if (result.violation) {
      say({ kind: 'violation', seed, violation: result.violation });
      if (!isKeepingOn) break;
    }
    if (seeds < REPORT_EVERY) continue;
    report();
    // A simulation never yields to the event loop.
    await new Promise(setImmediate);
  }
  report();
}
