import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createEventLogger, toJsonLine } from '#gateway/log-event.ts';
import { PythonEnvironments } from '#local/python-environment.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';

// `npm run mlflow:client` starts the system and lets the MLflow client from PyPI work with it.
const logger = createEventLogger((event) => process.stderr.write(`${toJsonLine('python', event)}\n`));
const python = await new PythonEnvironments(logger).pythonOf(import.meta.dirname);
await using system = await EmbeddedSystem.start();
const client = spawn(python, [join(import.meta.dirname, 'client.py'), `${system.url}/mlflow`], { stdio: 'inherit' });
const [code] = await once(client, 'exit');
process.exitCode = Number(code ?? 1);
