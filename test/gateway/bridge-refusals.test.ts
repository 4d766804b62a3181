import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Admission } from '#gateway/admission.ts';
import { silentLogger } from '#test/support/silent-logger.ts';
import { OK, send, startBridge } from './bridge-harness.ts';

/** A bridge that has one request in hand, and lets in no other. */
async function aFullBridge() {
  const lines: string[] = [];
  const logger = { ...silentLogger, info: (line: string) => lines.push(line) };
  const admission = new Admission({ maxRequests: 1, logger });
  const release = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const bridge = await startBridge(
    async () => {
      arrived.resolve();
      await release.promise;
      return OK;
    },
    {},
    { admission, logger },
  );
  const inHand = send(bridge.port, { path: '/things/1' });
  await arrived.promise;
  onTestFinished(async () => {
    release.resolve();
    await inHand;
  });
  return { ...bridge, release, inHand, lines };
}

function dial(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  return socket;
}

const post = (length: number, more = '') =>
  `POST /things/1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n${more}\r\n`;

describe('a request that is refused', () => {
  it('is answered before its body has come, with a problem that says when to come back', async () => {
    const { port } = await aFullBridge();
    const socket = dial(port);

    socket.write(post(1000));
    const [answer] = await once(socket, 'data');

    expect(String(answer)).toMatch(/^HTTP\/1\.1 429 Too Many Requests\r\n/);
    expect(String(answer)).toMatch(/\r\nRetry-After: \d+\r\n/);
    expect(String(answer)).toMatch(/\r\nX-Request-Id: [\w-]{36}\r\n/);
    expect(String(answer)).toContain('"type":"/problems/too-many-requests"');
  });

  it('keeps its connection, on which the next one is served', async () => {
    const { port, release, inHand, calls } = await aFullBridge();
    const socket = dial(port);
    socket.write(`${post(3)}abc`);
    const [first] = await once(socket, 'data');

    release.resolve();
    await inHand;
    socket.write(`${post(3, 'Connection: close\r\n')}def`);
    const second = await text(socket);

    expect(String(first)).toMatch(/^HTTP\/1\.1 429 /);
    expect(second).toMatch(/^HTTP\/1\.1 200 /);
    expect(calls.at(-1)?.event.body).toBe('def');
  });

  it.each([
    ['a large body', post(1024 * 1024)],
    [
      'a body without a declared length',
      'POST /things/1 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n',
    ],
  ])('closes its connection rather than read %s', async (_, head) => {
    const { port } = await aFullBridge();
    const socket = dial(port);

    socket.write(head);
    const [answer] = await once(socket, 'data');

    expect(String(answer)).toMatch(/^HTTP\/1\.1 429 /);
    expect(String(answer)).toMatch(/\r\nConnection: close\r\n/i);
  });

  it('is not told to send the body that it asks about', async () => {
    const { port } = await aFullBridge();
    const socket = dial(port);

    socket.write(post(10, 'Expect: 100-continue\r\n'));
    const [answer] = await once(socket, 'data');

    expect(String(answer)).toMatch(/^HTTP\/1\.1 429 /);
  });

  it('never reaches the handler or the access log', async () => {
    const { port, release, inHand, calls, lines } = await aFullBridge();

    const answers = await Promise.all(Array.from({ length: 20 }, () => send(port, { path: '/things/1' })));
    release.resolve();
    await inHand;

    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 429));
    expect(calls).toHaveLength(1);
    expect(lines).toEqual(['GET /things/1 200']);
  });
});
