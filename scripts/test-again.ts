import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { failedFiles, withResults } from './summarize-tests.ts';

// Runs the files that failed once more, each alone, and puts their results into the report of the first run:
// `node scripts/test-again.ts <npm script> <report of the first run>`
const [script = '', report = ''] = process.argv.slice(2);
/** More have a common cause, which is not the load of the machine. */
const MOST_FILES = 5;

const first = JSON.parse(readFileSync(report, 'utf8'));
const failed = failedFiles(first);
if (failed.length === 0 || failed.length > MOST_FILES) process.exit(1);
process.stdout.write(`Failed beside others; again alone: ${failed.join(', ')}\n`);
const again = `${report}.again`;
const options = ['--maxWorkers=1', '--reporter=default', '--reporter=json', `--outputFile.json=${again}`];
const { status } = spawnSync('npm', ['run', '--silent', script, '--', ...failed, ...options], { stdio: 'inherit' });
writeFileSync(report, JSON.stringify(withResults(first, JSON.parse(readFileSync(again, 'utf8')))));
process.exitCode = status ?? 1;
