import { describe, expect, it } from 'vitest';
import { denialIn } from '../../scripts/smoke/denials.ts';
import { costLines, outcomeLine, runSteps, type StepOutcome } from '../../scripts/smoke/report.ts';
import type { Stage } from '../../scripts/smoke/stage.ts';
import { LACKS, type Lack, STEPS } from '../../scripts/smoke/steps.ts';

const RUN = { stage: {} as Stage, usage: { predictions: 0 }, since: 0 };

async function outcomesOf(steps: typeof STEPS, lacks: readonly Lack[] = []): Promise<readonly StepOutcome[]> {
  const told: StepOutcome[] = [];
  const outcomes = await runSteps(steps, RUN, {
    lacks: new Set(lacks),
    onOutcome: (outcome) => void told.push(outcome),
  });
  expect(told).toEqual(outcomes);
  return outcomes;
}

describe('the steps of a smoke run', () => {
  it('are all tried, also after one that failed', async () => {
    const outcomes = await outcomesOf([
      { name: 'breaks', needs: [], run: () => Promise.reject(new Error('It broke.')) },
      { name: 'works', needs: [], run: async () => 'as expected' },
    ]);

    expect(outcomes).toMatchObject([
      { name: 'breaks', outcome: 'failed', detail: 'It broke.' },
      { name: 'works', outcome: 'passed', detail: 'as expected' },
    ]);
    expect(outcomes.map(outcomeLine)).toEqual([
      expect.stringMatching(/^failed {10}breaks .*It broke\.$/),
      expect.stringMatching(/^passed {10}works .*as expected$/),
    ]);
  });

  it('are listed with the reason where the place lacks what they need', async () => {
    const run = () => Promise.reject(new Error('It was tried.'));

    expect(await outcomesOf([{ name: 'starts', needs: ['containers'], run }], LACKS)).toMatchObject([
      { outcome: 'not shown here', detail: 'ECS runs no containers here' },
    ]);
  });

  it('predict, wake, launch and stop everywhere; an account shows all that the issue asks for', () => {
    expect(STEPS.filter(({ needs }) => needs.length === 0).map(({ name }) => name)).toEqual([
      'predicts',
      'wakes a sleeping model',
      'launches an instance',
    ]);
    expect(STEPS.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        ...['answers from zero', 'scales to 5 under load', 'scales back to 0'],
        ...['drains an instance', 'survives a killed task', 'was denied nothing'],
      ]),
    );
  });
});

describe('an event of CloudTrail', () => {
  const role = (stack: string) => `arn:aws:sts::1:assumed-role/${stack}-HandlersSubmitRole-1/submit`;
  const event = (errorCode: string | undefined, arn: string) => ({
    EventName: 'UpdateService',
    CloudTrailEvent: JSON.stringify({ errorCode, errorMessage: 'No.', userIdentity: { arn } }),
  });

  it.each(['AccessDenied', 'AccessDeniedException', 'Client.UnauthorizedOperation'])('is a denial with %s', (code) => {
    const arn = role('modelyard-dev');

    expect(denialIn(event(code, arn), 'modelyard-dev')).toBe(`UpdateService of ${arn}: ${code} No.`);
  });

  it('is none without an error, with another error, and of another stack', () => {
    const own = role('modelyard-dev');
    expect(denialIn(event(undefined, own), 'modelyard-dev')).toBeUndefined();
    expect(denialIn(event('ThrottlingException', own), 'modelyard-dev')).toBeUndefined();
    expect(denialIn(event('AccessDenied', role('modelyard-dev2')), 'modelyard-dev')).toBeUndefined();
  });
});

describe('the cost of a smoke run', () => {
  it('is the sum of its items', () => {
    const items = [0.01, 0, 0.002].map((dollars, at) => ({
      ...{ name: `item ${at}`, how: '', basis: 'measured' as const },
      dollars,
    }));

    expect(costLines(items)[0]).toBe('The run costs about $0.0120 at list prices:');
    expect(costLines(items)).toHaveLength(3);
  });
});
