/** The fields of Vitest's JSON report that are used here. */
export interface TestReport {
  readonly testResults: readonly TestFile[];
}

export interface TestFile {
  readonly status: string;
  readonly assertionResults: readonly { readonly status: string }[];
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
