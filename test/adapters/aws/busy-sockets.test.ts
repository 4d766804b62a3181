import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { expect, it } from 'vitest';
import { createDynamoDbClient } from '#adapters/aws/index.ts';

/** Longer than three attempts to connect may take, and shorter than a request. */
const HELD_MS = 3_600;
const REQUESTS = 200;

/** Holds the first requests for a while, as a slow table does. */
async function slowServer() {
  const held: ServerResponse[] = [];
  let isSlow = true;
  let requests = 0;
  let most = 0;
  const answer = (response: ServerResponse) =>
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end('{}');
  const server = createServer((request, response) => {
    requests += 1;
    request.resume();
    if (!isSlow) return void answer(response);
    held.push(response);
    most = Math.max(most, held.length);
    if (held.length > 1) return;
    setTimeout(() => {
      isSlow = false;
      held.forEach(answer);
    }, HELD_MS);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    counts: () => ({ requests, most }),
    [Symbol.dispose]: () => void server.close(),
  };
}

it('requests of DynamoDB that wait for a socket are sent once when one is free', { timeout: 30_000 }, async () => {
  using server = await slowServer();
  const client = createDynamoDbClient({
    region: 'eu-central-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    endpoints: { dynamodb: server.url },
  });
  const ask = () => client.send(new GetItemCommand({ TableName: 't', Key: { id: { S: 'a' } } }));

  const answers = await Promise.allSettled(Array.from({ length: REQUESTS }, ask));

  expect(answers.filter(({ status }) => status === 'rejected')).toEqual([]);
  expect(server.counts()).toEqual({ requests: REQUESTS, most: 128 });
  client.destroy();
});
