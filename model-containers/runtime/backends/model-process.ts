import { writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { tracingOfThisProcess } from '#platform/tracing.ts';
import { createJsonLogger } from '../instance/json-logger.ts';
import { CONNECTION_FD } from './frames.ts';
import { loadDefinition } from './load-definition.ts';
import { serveModel } from './serve-model.ts';

const READ_BYTES = 256 * 1024;

const [folder = '', containerUrl] = process.argv.slice(2);

// The instance stops this process. Signals that a terminal or an orchestrator sends to the process group are ignored.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

// Highest OOM score: Linux kills the model first, not the instance that holds the leases.
try {
  writeFileSync('/proc/self/oom_score_adj', '500');
} catch {
  // Recovery: not Linux, or no permission.
}

const logger = createJsonLogger({});
const tracing = await tracingOfThisProcess({ service: 'modelyard-model', logger });
const socket = new Socket({
  ...{ fd: CONNECTION_FD, readable: true, writable: true },
  // One buffer for all reads: garbage of 64 KB per read took more time than the transfer of a large request.
  onread: {
    buffer: Buffer.allocUnsafe(READ_BYTES),
    callback(bytes, buffer) {
      server.receive(buffer.subarray(0, bytes));
      return true;
    },
  },
});
const server = serveModel({
  stream: socket,
  load: () => loadDefinition(folder, containerUrl),
  ...{ logger, tracing },
});
// The instance has ended or has closed the connection.
socket.on('error', () => process.exit(1));
socket.on('close', async () => {
  await tracing?.close();
  process.exit(0);
});
process.on('uncaughtExceptionMonitor', (error) => server.reportFatal(error));
