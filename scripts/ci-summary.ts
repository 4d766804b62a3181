import { readFileSync } from 'node:fs';
import { summarizeTests } from './summarize-tests.ts';

// Prints the last line of `.ci/run` from Vitest's JSON reports. Fails when a test failed, or none ran in one of them.
const summaries = process.argv.slice(2).map((path) => summarizeTests(JSON.parse(readFileSync(path, 'utf8'))));
const passed = summaries.reduce((sum, summary) => sum + summary.passed, 0);
const failed = summaries.reduce((sum, summary) => sum + summary.failed, 0);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
if (failed > 0 || summaries.length === 0 || summaries.some((summary) => summary.passed === 0)) process.exitCode = 1;
