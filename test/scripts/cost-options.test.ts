import { expect, it } from 'vitest';
import { parseCostOptions } from '../../scripts/cost/options.ts';

it.each([
  [[], { predictions: 1_000_000, ms: 100 }],
  [['--predictions', '1', '--ms', '0.5'], { predictions: 1, ms: 0.5 }],
  [['--predictions=1e12', '--ms=900000'], { predictions: 1e12, ms: 900_000 }],
])('understands %j', (args, workload) => {
  expect(parseCostOptions(args)).toEqual({ workload, isJson: false });
});

it('tells how it is used', () => {
  expect(parseCostOptions(['--help'])).toEqual({ help: expect.stringContaining('Usage: npm run cost') });
});

it.each(['0', '-1', '1.5', 'NaN', 'Infinity', '1e400', '0x10', '', ' ', 'many'])('refuses %j predictions', (said) => {
  expect(parseCostOptions(['--predictions', said])).toEqual({
    fault: `--predictions must be a whole number above 0, not "${said}".`,
  });
});

it.each(['0', '-5', 'NaN', '1000000', '1e400', '0x10', ''])('refuses %j milliseconds', (said) => {
  expect(parseCostOptions(['--ms', said])).toEqual({
    fault: `--ms must be a number above 0 and below 1000000, not "${said}".`,
  });
});

it.each([[['--predictions']], [['--models', '3']], [['--models', '-3']], [['1000000']], [['--help=yes']]])(
  'says in one sentence what is wrong with %j',
  (args) => {
    const parsed = parseCostOptions(args);

    expect(parsed).toEqual({ fault: expect.stringMatching(/^[A-Z][^\n]+\. Try --help\.$/) });
  },
);
