import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { failedFiles, summarizeTests, type TestReport, withResults } from '../../scripts/summarize-tests.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/ci-summary.ts', import.meta.url));

const report = (...files: [status: string, ...tests: string[]][]): TestReport => ({
  testResults: files.map(([status, ...tests], at) => ({
    ...{ name: `test/${at}.test.ts`, status, message: status === 'failed' ? 'It has no such module.' : '' },
    assertionResults: tests.map((test, number) => ({
      ...{ fullName: `test ${number}`, status: test },
      failureMessages: test === 'failed' ? ['Error: it is wrong\n    at a line'] : [],
    })),
  })),
});

describe('the summary of a test run', () => {
  it('counts tests over all files, and leaves out what did not run', () => {
    const summary = summarizeTests(report(['passed', 'passed', 'passed'], ['failed', 'failed', 'passed', 'skipped']));

    expect(summary).toEqual({ passed: 3, failed: 1 });
  });

  it('counts a file that could not be loaded as a failure', () => {
    const summary = summarizeTests(report(['passed', 'passed'], ['failed']));

    expect(summary).toEqual({ passed: 1, failed: 1 });
  });

  it('takes the results of files that ran again', () => {
    const first = report(['failed', 'passed', 'failed'], ['passed', 'passed']);

    expect(failedFiles(first)).toEqual(['test/0.test.ts']);
    expect(summarizeTests(withResults(first, report(['passed', 'passed', 'passed'])))).toEqual({
      passed: 3,
      failed: 0,
    });
    expect(summarizeTests(withResults(first, { testResults: [] }))).toEqual({ passed: 2, failed: 1 });
  });

  it.each([
    [[report(['passed', 'passed'])], '1 passed, 0 failed\n', 0],
    [
      [report(['failed', 'passed', 'failed'])],
      'test/0.test.ts > test 1: Error: it is wrong at a line\n1 passed, 1 failed\n',
      1,
    ],
    [[report()], '0 passed, 0 failed\n', 1],
    [[report(['passed', 'passed']), report(['passed', 'passed', 'passed'])], '3 passed, 0 failed\n', 0],
    [[report(['passed', 'passed'], ['failed'])], 'test/1.test.ts: It has no such module.\n1 passed, 1 failed\n', 1],
    [
      [report(['passed', 'passed']), report(['failed', 'failed'])],
      'test/0.test.ts > test 0: Error: it is wrong at a line\n1 passed, 1 failed\n',
      1,
    ],
    [[report(['passed', 'passed']), report()], '1 passed, 0 failed\n', 1],
    [[], '0 passed, 0 failed\n', 1],
  ])(
    'names what failed, ends with the counts, and fails unless tests ran in every report and all passed',
    (reports, line, code) => {
      const folder = mkdtempSync(join(tmpdir(), 'modelyard-summary-'));
      const paths = reports.map((_, at) => join(folder, `${at}.json`));
      reports.forEach((tests, at) => void writeFileSync(paths[at] ?? '', JSON.stringify(tests)));

      const { stdout, status } = spawnSync(process.execPath, [SCRIPT, ...paths], { encoding: 'utf8' });
      rmSync(folder, { recursive: true });

      expect({ stdout, status }).toEqual({ stdout: line, status: code });
    },
  );
});
