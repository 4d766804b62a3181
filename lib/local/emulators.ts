import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import dynalite from 'dynalite';
import { buildApp } from 'fauxqs';
import type { TaskQueue, TaskQueues } from '#core';

/** In-memory emulators of SQS, S3 and DynamoDB. Their data is lost on close. */
export interface Emulators {
  readonly endpoints: { readonly sqs: string; readonly s3: string; readonly dynamodb: string };
  /** Closes all connections. */
  close(): Promise<void>;
}

const HOST = '127.0.0.1';

/** Starts the emulators on free ports of the loopback interface. */
export async function startEmulators(): Promise<Emulators> {
  // Not the emulator's own start function, which listens on every interface.
  const queuesAndBlobs = buildApp({ logger: false });
  releaseUndelivered(queuesAndBlobs);
  const tables = dynalite({ createTableMs: 0 });
  // The emulator's own listener throws when a client disconnects during a request, which would end this process.
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

type FauxqsApp = ReturnType<typeof buildApp>;

interface ReceivedMessages {
  readonly Messages?: readonly { readonly ReceiptHandle: string }[];
}

/**
 * Releases messages that the emulator delivered to a receiver that died during its poll. SQS does not deliver them;
 * here they would be hidden for a whole lease.
 */
function releaseUndelivered(app: FauxqsApp): void {
  app.addHook('onSend', async (request, _reply, payload) => {
    const isReceive = request.headers['x-amz-target'] === 'AmazonSQS.ReceiveMessage';
    if (!isReceive || request.raw.socket.writable || typeof payload !== 'string') return payload;
    const { Messages = [] } = JSON.parse(payload) as ReceivedMessages;
    const { QueueUrl } = request.body as { readonly QueueUrl: string };
    if (Messages.length === 0) return payload;
    await app.inject({
      method: 'POST',
      url: '/',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': 'AmazonSQS.ChangeMessageVisibilityBatch',
      },
      payload: JSON.stringify({
        QueueUrl,
        Entries: Messages.map(({ ReceiptHandle }, index) => ({
          Id: String(index),
          ReceiptHandle,
          VisibilityTimeout: 0,
        })),
      }),
    });
    return payload;
  });
}

/** Creates the queue of a model at its first send or depth request, because models may register at any time. */
export function queuesOnDemand(
  queues: TaskQueues,
  { known, create }: { readonly known: readonly string[]; readonly create: (model: string) => Promise<void> },
): TaskQueues {
  const ready = new Map(known.map((model) => [model, Promise.resolve()]));

  function ensure(model: string): Promise<void> {
    const creating = ready.get(model) ?? create(model);
    ready.set(model, creating);
    // The next caller retries.
    creating.catch(() => ready.delete(model));
    return creating;
  }

  return (model): TaskQueue => {
    const queue = queues(model);
    return {
      consume: (options) => queue.consume(options),
      async send(message) {
        await ensure(model);
        await queue.send(message);
      },
      async depth() {
        await ensure(model);
        return queue.depth();
      },
    };
  };
}
