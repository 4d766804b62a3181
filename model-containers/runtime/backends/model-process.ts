import { writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { createJsonLogger } from '../instance/json-logger.ts';
import { CONNECTION_FD } from './frames.ts';
import { loadDefinition } from './load-definition.ts';
import { serveModel } from './serve-model.ts';

const [folder = ''] = process.argv.slice(2);

// The instance decides when the model stops. A terminal or an orchestrator may signal the whole process group.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

// When memory runs out, Linux ends the process with the highest score: the model, not the instance with the leases.
try {
  writeFileSync('/proc/self/oom_score_adj', '500');
} catch {
  // Not Linux, or not allowed.
}

const socket = new Socket({ fd: CONNECTION_FD, readable: true, writable: true });
const server = serveModel({ stream: socket, load: () => loadDefinition(folder), logger: createJsonLogger({}) });
socket.on('data', (chunk: Buffer) => server.receive(chunk));
// The instance is gone, or wants this process to end.
socket.on('error', () => process.exit(1));
socket.on('close', () => process.exit(0));
process.on('uncaughtExceptionMonitor', (error) => server.lastWords(error));
