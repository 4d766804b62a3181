import { readFileSync } from 'node:fs';
import { summarizeTests } from './summarize-tests.ts';

// Prints the last line of `.ci/run` from Vitest's JSON report. Fails when a test failed or none ran.
const [, , path = ''] = process.argv;
const { passed, failed } = summarizeTests(JSON.parse(readFileSync(path, 'utf8')));
process.stdout.write(`${passed} passed, ${failed} failed\n`);
if (failed > 0 || passed === 0) process.exitCode = 1;
