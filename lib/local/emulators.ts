import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import dynalite from 'dynalite';
import { buildApp } from 'fauxqs';
import { giveBackUndelivered } from '#gateway/undelivered-messages.ts';

/** SQS, S3 and DynamoDB as far as this machine needs them, in memory and gone when closed. */
export interface Emulators {
  readonly endpoints: { readonly sqs: string; readonly s3: string; readonly dynamodb: string };
  /** Hangs up on everybody. */
  close(): Promise<void>;
}

const HOST = '127.0.0.1';

/** Starts the emulators on free ports of this machine only. */
export async function startEmulators(): Promise<Emulators> {
  // Not its own start helper, which listens on every interface.
  const queuesAndBlobs = buildApp({ logger: false });
  giveBackUndelivered(queuesAndBlobs);
  const tables = dynalite({ createTableMs: 0 });
  // Its own listener throws, and would take us down with every client that is killed in the middle of a request.
  tables.on('request', (request: IncomingMessage) => request.removeAllListeners('error').on('error', () => undefined));
  const [address, dynamodb] = await Promise.all([queuesAndBlobs.listen({ host: HOST, port: 0 }), listen(tables)]);
  return {
    endpoints: { sqs: address, s3: address, dynamodb },
    async close() {
      await Promise.all([queuesAndBlobs.close(), stop(tables)]);
    },
  };
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, HOST, () => {
      const { port } = server.address() as AddressInfo;
      resolve(`http://${HOST}:${port}`);
    });
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
    server.closeAllConnections();
  });
}
