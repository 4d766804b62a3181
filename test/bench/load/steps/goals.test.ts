import { describe, expect, it } from 'vitest';
import { late } from '../synthetic-run.ts';
import { type Step, verdictsOf } from './goals.ts';
import { stepsPage } from './page.ts';
import type { Seen } from './sending.ts';
import type { Watched } from './watch.ts';
import { textOf } from './words.ts';

const SECONDS = 60;

function aStep(load: number, seen: Partial<Seen> = {}, watched: Partial<Watched> = {}): Step {
  const rate = 1000 * load;
  const served = Math.min(rate, 1000) * SECONDS;
  const due = rate * SECONDS;
  return {
    load,
    rate,
    seconds: SECONDS,
    seen: {
      ...{ due, served, servedMs: late(90), refused: due - served, refusedMs: due > served ? late(20) : undefined },
      ...{ illRefused: 0, overdue: 0, accepted: 0, lost: 0, longestMs: 200 },
      ...{ lateMs: late(1), loopMs: { p99: 1, max: 2 }, cpuSeconds: 6 },
      ...seen,
    },
    watched: { healthMs: late(5), unhealthy: 0, memoryMib: [400, 420], cpuSeconds: 90, ...watched },
  };
}

const measuredWith = (highest: Step = aStep(4)) => ({
  model: 'model_a',
  where: 'http://api.test',
  startedAt: new Date(0).toISOString(),
  capacity: 1000,
  callers: 64,
  waitSeconds: 10,
  steps: [aStep(0.5), aStep(1), aStep(2), highest],
});

const missedWith = (seen: Partial<Seen>, watched: Partial<Watched> = {}) =>
  verdictsOf(measuredWith(aStep(4, seen, watched)))
    .filter(({ isMet }) => !isMet)
    .map(({ goal }) => goal);

describe('the goals of the steps', () => {
  it('are met by a system that serves its capacity and refuses the rest at once', () => {
    const verdicts = verdictsOf(measuredWith());

    expect(verdicts).toHaveLength(6);
    expect(verdicts.filter(({ isMet }) => !isMet)).toEqual([]);
  });

  it.each<[string, Partial<Seen>, Partial<Watched>, RegExp]>([
    ['goodput falls', { served: 890 * SECONDS }, {}, /^Goodput/],
    ['refusals are slow', { refusedMs: late(150) }, {}, /^Refusals/],
    ['refusals do not say when to come back', { illRefused: 1 }, {}, /^Refusals/],
    ['requests are lost', { lost: 1 }, {}, /^Refusals/],
    ['an answer is overdue', { overdue: 1, longestMs: 11_500 }, {}, /^Nobody waits/],
    ['health checks are slow', {}, { healthMs: late(101) }, /^\/healthz/],
    ['a health check fails', {}, { unhealthy: 1 }, /^\/healthz/],
    ['memory grows', {}, { memoryMib: [400, 900] }, /^Memory/],
    ['the sender is late', { lateMs: late(150) }, {}, /^The sender/],
  ])('are missed when %s', (_, seen, watched, goal) => {
    expect(missedWith(seen, watched)).toEqual([expect.stringMatching(goal)]);
  });

  it('do not judge memory that nobody can see', () => {
    const { steps, ...measured } = measuredWith();
    const unseen = steps.map((step) => ({
      ...step,
      watched: { ...step.watched, memoryMib: [], cpuSeconds: undefined },
    }));

    expect(verdictsOf({ ...measured, steps: unseen })).toHaveLength(5);
  });

  it('are told with the figures, in the terminal and on a page', () => {
    const measured = measuredWith(aStep(4, { served: 500 * SECONDS }));
    const verdicts = verdictsOf(measured);

    const text = textOf(measured, verdicts);
    const page = stepsPage(measured, verdicts);

    expect(text).toMatch(/^model_a at http:\/\/api\.test: capacity 1000 a second with 64 callers\n/);
    expect(text).toMatch(/\n +4× +4000 +500 +3000 +90\.0 +90\.0 +20\.0 +5\.0 +420 +1\.5 +333 +0\.1\n/);
    expect(text).toContain(
      'MISSED  Goodput under the highest load is at least 90 % of the peak. 500 of 1000 a second: 50 %.',
    );
    expect(page).toContain('MISSED');
    expect(page.match(/<svg /g)).toHaveLength(3);
  });
});
