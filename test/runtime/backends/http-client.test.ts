import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { HttpClient, isOk } from '#runtime/backends/http/http-client.ts';
import { freePort } from '#test/support/server-process.ts';

const { signal } = new AbortController();

it('says once why a server is not ready, for each reason', async () => {
  const port = await freePort();
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    response.writeHead(asked < 3 ? 503 : 200).end();
  });
  onTestFinished(() => void server.close());
  const reasons: string[] = [];
  const onWaiting = (reason: string) => {
    reasons.push(reason);
    if (!server.listening) server.listen(port, '127.0.0.1');
  };

  const answer = await new HttpClient(`http://127.0.0.1:${port}`).untilReady('/ping', isOk, { signal, onWaiting });

  expect(answer.status).toBe(200);
  const question = `GET http://127.0.0.1:${port}/ping`;
  expect(reasons).toEqual([
    `${question} has no answer: connect ECONNREFUSED 127.0.0.1:${port}`,
    `${question} answers 503`,
  ]);
});

it('finds a server that listens on the other address of localhost', async ({ skip }) => {
  const server = createServer((_, response) => void response.end('here'));
  onTestFinished(() => void server.close());
  const isListening = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false)).listen(0, '::1', () => resolve(true));
  });
  skip(!isListening, 'This machine has no IPv6.');
  const client = new HttpClient(`http://localhost:${(server.address() as AddressInfo).port}`);

  await client.untilReady('/ping', isOk, { signal });

  expect(String(await client.predict({ path: '/' }, signal))).toBe('here');
});

it('stops reading an answer without end', async () => {
  const server = createServer((_, response) => {
    const more = () => void (response.write(Buffer.alloc(1000)) && setImmediate(more));
    response.on('drain', more);
    more();
  });
  onTestFinished(() => void server.close());
  const closed = Promise.withResolvers<void>();
  server.on('connection', (socket) => socket.on('close', () => closed.resolve()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new HttpClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 10_000);

  const predicted = client.predict({ path: '/' }, signal);

  await expect(predicted).rejects.toThrow('The answer of the container has more than 10000 bytes.');
  await closed.promise;
});
