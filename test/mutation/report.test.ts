import { describe, expect, it } from 'vitest';
import { type Mutant, reportOf, scoreOf } from './report.ts';

const mutant = (fileName: string, status: Mutant['status'], line = 1): Mutant => ({
  id: `${fileName}${status}${line}`,
  fileName: `${process.cwd()}/${fileName}`,
  status,
  mutatorName: 'EqualityOperator',
  replacement: 'a <=\n  b',
  location: { start: { line, column: 3 }, end: { line, column: 9 } },
});

describe('the report of a mutation test', () => {
  const mutants = [
    mutant('lib/a.ts', 'Killed'),
    mutant('lib/a.ts', 'Timeout', 2),
    mutant('lib/a.ts', 'Ignored', 3),
    mutant('lib/b.ts', 'Killed'),
    mutant('lib/b.ts', 'Survived', 7),
    mutant('lib/b.ts', 'NoCoverage', 8),
    mutant('lib/c.ts', 'Ignored'),
  ];

  it('scores each file, lowest first, and the total', () => {
    const { lines, score } = reportOf(mutants, false);

    expect(lines).toEqual(['  33.3 %  1 of 3  lib/b.ts', ' 100.0 %  2 of 2  lib/a.ts', '  60.0 %  3 of 5  all']);
    expect(scoreOf([score, { killed: 5, survived: 0 }])).toBe(80);
  });

  it('lists surviving mutants', () => {
    expect(reportOf(mutants, true).lines.slice(3)).toEqual([
      'lib/b.ts:7:3 EqualityOperator → a <= b',
      'lib/b.ts:8:3 EqualityOperator (never run) → a <= b',
    ]);
  });

  it('is 100 % without mutants', () => {
    expect(scoreOf([])).toBe(100);
  });
});
