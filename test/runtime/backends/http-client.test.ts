import { createServer } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { HttpClient, isOk } from '#runtime/backends/http/http-client.ts';
import { freePort } from '#test/support/server-process.ts';

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

  const { signal } = new AbortController();
  const answer = await new HttpClient(`http://127.0.0.1:${port}`).untilReady('/ping', isOk, { signal, onWaiting });

  expect(answer.status).toBe(200);
  const question = `GET http://127.0.0.1:${port}/ping`;
  expect(reasons).toEqual([
    `${question} has no answer: connect ECONNREFUSED 127.0.0.1:${port}`,
    `${question} answers 503`,
  ]);
});
