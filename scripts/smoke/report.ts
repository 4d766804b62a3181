import type { BillItem } from '../cost/items.ts';
import type { Lack, SmokeRun, Step } from './steps.ts';

export interface StepOutcome {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'not shown here';
  readonly detail: string;
  readonly seconds: number;
}

const WHY: Record<Lack, string> = {
  containers: 'ECS runs no containers here',
  schedule: 'nothing starts the collector here',
  trail: 'CloudTrail has no errors here',
};

/** Runs the steps in order. A failed one does not keep the others from being tried. */
export async function runSteps(
  steps: readonly Step[],
  run: SmokeRun,
  { lacks, onOutcome }: { readonly lacks: ReadonlySet<Lack>; readonly onOutcome: (outcome: StepOutcome) => void },
): Promise<readonly StepOutcome[]> {
  const outcomes: StepOutcome[] = [];
  for (const step of steps) {
    const outcome = await outcomeOf(step, run, lacks);
    onOutcome(outcome);
    outcomes.push(outcome);
  }
  return outcomes;
}

async function outcomeOf({ name, needs, run }: Step, smoke: SmokeRun, lacks: ReadonlySet<Lack>): Promise<StepOutcome> {
  const missing = needs.filter((need) => lacks.has(need)).map((need) => WHY[need]);
  if (missing.length > 0) return { name, outcome: 'not shown here', detail: missing.join(', '), seconds: 0 };
  const started = performance.now();
  const seconds = () => Math.round((performance.now() - started) / 100) / 10;
  try {
    return { name, outcome: 'passed', detail: await run(smoke), seconds: seconds() };
  } catch (error) {
    return {
      name,
      outcome: 'failed',
      detail: error instanceof Error ? error.message : String(error),
      seconds: seconds(),
    };
  }
}

export const outcomeLine = ({ name, outcome, detail }: StepOutcome): string =>
  `${outcome.padEnd(14)}  ${name.padEnd(24)}  ${detail}`;

/** The cost of a run at list prices. */
export function costLines(items: readonly BillItem[]): readonly string[] {
  const sum = items.reduce((dollars, item) => dollars + item.dollars, 0);
  return [
    `The run costs about $${sum.toFixed(4)} at list prices:`,
    ...items
      .filter(({ dollars }) => dollars >= 0.00001)
      .map(({ name, dollars }) => `  ${name.padEnd(20)} $${dollars.toFixed(5)}`),
  ];
}
