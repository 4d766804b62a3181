import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideGate } from '#core';

const anyError = fc.double({ min: 0, max: 1e6, noNaN: true });

describe('the gate of a deployment', () => {
  it('passes exactly what is better than the champion and the baseline on enough rows', () => {
    const anyInput = fc.record({
      challenger: anyError,
      baseline: anyError,
      champion: fc.option(anyError, { nil: undefined }),
      rows: fc.nat({ max: 60 }),
    });
    fc.assert(
      fc.property(anyInput, ({ champion, ...input }) => {
        const { passed, reasons } = decideGate({
          metric: 'rmse',
          ...input,
          ...(champion === undefined ? {} : { champion }),
        });

        const isBest = input.challenger < Math.min(input.baseline, champion ?? Number.POSITIVE_INFINITY);
        expect(passed).toBe(isBest && input.rows >= 20);
        expect(reasons).toHaveLength(champion === undefined ? 3 : 4);
      }),
    );
  });

  it('says why it refuses', () => {
    const { passed, reasons } = decideGate({
      metric: 'rmse',
      challenger: 12.3456,
      baseline: 20,
      champion: 11,
      rows: 44,
    });

    expect(passed).toBe(false);
    expect(reasons).toContain('Its rmse of 12.35 is not lower than 11 of the deployed version.');
    expect(reasons).toContain('Its rmse of 12.35 is lower than 20 of the persistence baseline.');
  });

  it('demands a margin where one is set', () => {
    const input = { metric: 'rmse', baseline: 20, champion: 10, rows: 44, minImprovement: 0.05 };

    expect(decideGate({ ...input, challenger: 9.6 }).passed).toBe(false);
    expect(decideGate({ ...input, challenger: 9.4 }).passed).toBe(true);
  });

  it('demands to be better, not as good, on no fewer rows than it asks for', () => {
    const input = { metric: 'rmse', challenger: 5, baseline: 6, champion: 6, rows: 20 };

    expect(decideGate(input).passed).toBe(true);
    expect(decideGate({ ...input, rows: 19 }).passed).toBe(false);
    expect(decideGate({ ...input, rows: 19, minRows: 19 }).passed).toBe(true);
    expect(decideGate({ ...input, baseline: 5 })).toEqual({
      passed: false,
      reasons: expect.arrayContaining(['Its rmse of 5 is not lower than 5 of the persistence baseline.']),
    });
    expect(decideGate({ ...input, champion: 5 }).reasons.at(-1)).toBe(
      'Its rmse of 5 is not lower than 5 of the deployed version.',
    );
    expect(decideGate({ ...input, champion: 10, minImprovement: 0.5 })).toEqual({
      passed: false,
      reasons: expect.arrayContaining([
        'Its rmse of 5 is lower than 10 of the deployed version. It must be lower by 50 %.',
      ]),
    });
  });

  it('refuses an error that is not a number', () => {
    expect(decideGate({ metric: 'rmse', challenger: Number.NaN, baseline: 1, rows: 44 }).passed).toBe(false);
  });
});
