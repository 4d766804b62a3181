#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { runCli } from '../lib/cli/program.ts';

// `npx modelyard init churn --onnx churn.onnx`
enableCompileCache();
process.exitCode = await runCli(process.argv.slice(2), { output: process.stdout, errors: process.stderr });
