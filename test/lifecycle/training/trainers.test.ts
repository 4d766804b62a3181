import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import linear from '#lifecycle/trainers/linear.ts';
import ridge from '#lifecycle/trainers/ridge.ts';
import { scorerOf } from '#lifecycle/versions/score.ts';

const OPTIONS = { params: {}, seed: 0, signal: new AbortController().signal };

const anyNumber = fc.double({ min: -1000, max: 1000, noNaN: true });
const anyExamples = fc
  .array(fc.tuple(anyNumber, anyNumber), { minLength: 5, maxLength: 40 })
  .chain((x) =>
    fc
      .array(anyNumber, { minLength: x.length, maxLength: x.length })
      .map((y) => ({ features: ['a', 'b'], x: x as readonly (readonly number[])[], y })),
  );

const scoreOf = async (files: Readonly<Record<string, Uint8Array>>) =>
  scorerOf(async (name) => files[name] as Uint8Array, Object.keys(files));

describe('the trainers', () => {
  it('find the weights of an exact line', async () => {
    const x = Array.from({ length: 20 }, (_, at) => [at, (at * 7) % 5]);
    const y = x.map(([a = 0, b = 0]) => 3 + 2 * a - 0.5 * b);

    const { files } = await linear.train({ features: ['a', 'b'], x, y }, OPTIONS);
    const { intercept, weights } = JSON.parse(Buffer.from(files['model.json'] as Uint8Array).toString());

    expect(intercept).toBeCloseTo(3, 9);
    expect(weights[0]).toBeCloseTo(2, 9);
    expect(weights[1]).toBeCloseTo(-0.5, 9);
  });

  it('agree with scikit-learn about a penalty', async () => {
    // StandardScaler and Ridge(alpha=2.0) of scikit-learn 1.9.1.
    const x = [
      [1, 2],
      [2, 1],
      [3, 5],
      [4, 3],
      [5, 8],
      [6, 5],
    ];
    const y = [1, 3, 2, 5, 4, 6];

    const { probe } = await ridge.train({ features: ['a', 'b'], x, y }, { ...OPTIONS, params: { alpha: 2 } });

    const expected = [
      1.8587041987733919, 2.7109608428998273, 3.0194999213712848, 3.9805000786287152, 4.180295643969178,
      5.250039314357603,
    ];
    for (const [at, value] of expected.entries()) expect(probe.predictions[at]).toBeCloseTo(value, 9);
  });

  it('write the same bytes each time, and answers like their own within 1e-6', async () => {
    await fc.assert(
      fc.asyncProperty(anyExamples, fc.double({ min: 0.001, max: 100, noNaN: true }), async (examples, alpha) => {
        const options = { ...OPTIONS, params: { alpha } };

        const [first, second] = [await ridge.train(examples, options), await ridge.train(examples, options)];
        const answers = await (await scoreOf(first.files))(first.probe.x);

        expect(second.files).toEqual(first.files);
        for (const [at, value] of answers.entries()) {
          const expected = first.probe.predictions[at] as number;
          expect(Math.abs(value - expected)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(expected)));
        }
      }),
      { numRuns: 50 },
    );
  });

  it('keep a constant column out', async () => {
    const x = Array.from({ length: 10 }, (_, at) => [at, 4]);
    const { files } = await ridge.train({ features: ['a', 'b'], x, y: x.map(([a = 0]) => a) }, OPTIONS);

    expect(JSON.parse(Buffer.from(files['model.json'] as Uint8Array).toString()).weights[1]).toBe(0);
  });

  it('refuse unknown parameters and too few rows', async () => {
    const examples = { features: ['a', 'b'], x: [[1, 2]], y: [1] };

    await expect(ridge.train(examples, { ...OPTIONS, params: { alfa: 1 } })).rejects.toThrow('no parameter alfa');
    await expect(ridge.train(examples, { ...OPTIONS, params: { alpha: -1 } })).rejects.toThrow('alpha must be');
    await expect(linear.train(examples, OPTIONS)).rejects.toMatchObject({ code: 'invalid_input' });
  });
});
