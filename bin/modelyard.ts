#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

// `npx modelyard init churn --onnx churn.onnx`
enableCompileCache();
// After the cache is on, so that it holds every module.
const { runCli } = await import('../lib/cli/program.ts');
process.exitCode = await runCli(process.argv.slice(2), {
  input: process.stdin,
  output: process.stdout,
  errors: process.stderr,
  isTerminal: process.stdout.isTTY ?? false,
  environment: process.env,
  exit: (code) => process.exit(code),
});
