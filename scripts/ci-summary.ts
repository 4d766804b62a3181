import { readFileSync } from 'node:fs';
import { failuresOf, summarizeTests, type TestReport } from './summarize-tests.ts';

// Prints the failed tests and the last line of `.ci/run` from Vitest's JSON reports. Fails when a test failed, or none ran in one of them.
const reports = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, 'utf8')) as TestReport);
for (const failure of reports.flatMap(failuresOf)) process.stdout.write(`${failure}\n`);
const summaries = reports.map(summarizeTests);
const passed = summaries.reduce((sum, summary) => sum + summary.passed, 0);
const failed = summaries.reduce((sum, summary) => sum + summary.failed, 0);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
if (failed > 0 || summaries.length === 0 || summaries.some((summary) => summary.passed === 0)) process.exitCode = 1;
