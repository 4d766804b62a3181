import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createEventLogger, toJsonLine } from '#gateway/log-event.ts';
import { PythonEnvironments } from '#local/python-environment.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';

// `npm run feast:client` starts the system and reads its online features by the models of Feast from PyPI.
const logger = createEventLogger((event) => process.stderr.write(`${toJsonLine('python', event)}\n`));
const python = await new PythonEnvironments(logger).pythonOf(import.meta.dirname);
await using system = await EmbeddedSystem.start();
const client = spawn(python, [join(import.meta.dirname, 'client.py'), system.url], { stdio: 'inherit' });
const [code] = await once(client, 'exit');
process.exitCode = Number(code ?? 1);
