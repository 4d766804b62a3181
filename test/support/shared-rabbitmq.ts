import { rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';
import { type BrokerBinaries, findBrokers } from './broker-binaries.ts';
import { type RabbitMqServer, startRabbitMq } from './rabbitmq-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The socket on which the process of vitest says where the RabbitMQ of this run is. */
    readonly rabbitmqSocket: string;
  }
}

/** Where the RabbitMQ is that all files of this run share, each with names of its own. The first file starts it. */
export async function sharedRabbitMq(): Promise<string> {
  const answer = await new Promise<{ readonly status?: number | undefined; readonly text: string }>(
    (resolve, reject) => {
      const asking = request({ socketPath: inject('rabbitmqSocket') }, (response) => {
        buffer(response).then((body) => resolve({ status: response.statusCode, text: body.toString() }), reject);
      });
      asking.once('error', reject).end();
    },
  );
  if (answer.status !== 200) throw new Error(answer.text);
  return answer.text;
}

/** Once per run, in the process of vitest: a start costs as much CPU time as all tests of a file. */
export default async function shareRabbitMq(project: TestProject): Promise<() => Promise<void>> {
  const socket = join(tmpdir(), `modelyard-vitest-${process.pid}-${project.name || 'root'}.sock`);
  let started: Promise<RabbitMqServer> | undefined;
  const server = createServer((_, response) => {
    started ??= startRabbitMq(findBrokers('RabbitMQ of this run') as BrokerBinaries);
    started.then(
      ({ url }) => response.end(url),
      (error: Error) => response.writeHead(500).end(error.message),
    );
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  project.provide('rabbitmqSocket', socket);
  return async () => {
    server.close();
    await rm(socket, { force: true });
    await started?.then(
      (rabbitmq) => rabbitmq.dispose(),
      () => undefined,
    );
  };
}
