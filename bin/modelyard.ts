#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

// `npx modelyard init churn --onnx churn.onnx`
enableCompileCache();
// After the cache is on, so that it holds every module.
const { runCli } = await import('../lib/cli/program.ts');
// A reader such as `head` that has read enough is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
}
process.exitCode = await runCli(process.argv.slice(2), {
  input: process.stdin,
  output: process.stdout,
  errors: process.stderr,
  isTerminal: process.stdout.isTTY ?? false,
  columns: process.stdout.columns ?? 0,
  environment: process.env,
  exit: (code) => process.exit(code),
});
