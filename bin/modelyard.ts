#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { runCli } from '../lib/cli/program.ts';

// `npx modelyard init churn --onnx churn.onnx`
enableCompileCache();
process.exitCode = await runCli(process.argv.slice(2), {
  input: process.stdin,
  output: process.stdout,
  errors: process.stderr,
  isTerminal: process.stdout.isTTY ?? false,
  environment: process.env,
  exit: (code) => process.exit(code),
});
