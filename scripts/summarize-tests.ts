/** The fields of Vitest's JSON report that are used here. */
export interface TestReport {
  readonly testResults: readonly TestFile[];
}

export interface TestFile {
  /** The path of the file. */
  readonly name: string;
  readonly status: string;
  /** Why the file could not be loaded. */
  readonly message?: string;
  readonly assertionResults: readonly TestCase[];
}

interface TestCase {
  readonly fullName: string;
  readonly status: string;
  readonly failureMessages?: readonly string[];
}

export interface TestSummary {
  readonly passed: number;
  readonly failed: number;
}

/** Counts tests. A file that could not be loaded has no failed test and counts as one failure. */
export function summarizeTests({ testResults }: TestReport): TestSummary {
  const statuses = testResults.flatMap(({ assertionResults }) => assertionResults.map(({ status }) => status));
  const unloadable = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  );
  return {
    passed: statuses.filter((status) => status === 'passed').length,
    failed: statuses.filter((status) => status === 'failed').length + unloadable.length,
  };
}

/** One line for each failure: the test, and the beginning of what it says. */
export const failuresOf = ({ testResults }: TestReport): readonly string[] =>
  testResults.flatMap(({ name, status, message = '', assertionResults }) => {
    const failed = assertionResults.filter((test) => test.status === 'failed');
    if (status === 'failed' && failed.length === 0) return [lineOf(name, message)];
    return failed.map(({ fullName, failureMessages = [] }) =>
      lineOf(`${name} > ${fullName}`, failureMessages.join(' ')),
    );
  });

const lineOf = (test: string, said: string): string => `${test}: ${said.replaceAll(/\s+/g, ' ').slice(0, 600)}`;

/** The paths of the files that did not pass. */
export const failedFiles = ({ testResults }: TestReport): readonly string[] =>
  testResults.filter(({ status }) => status === 'failed').map(({ name }) => name);

/** The report with the results of another run of some of its files. */
export function withResults(first: TestReport, again: TestReport): TestReport {
  const results = new Map(again.testResults.map((file) => [file.name, file]));
  return { testResults: first.testResults.map((file) => results.get(file.name) ?? file) };
}
