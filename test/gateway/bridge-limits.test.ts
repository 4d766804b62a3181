import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { MAX_PAYLOAD_BYTES } from '#core';
import { OK, send, sendRaw, startBridge } from './bridge-harness.ts';

const echo = async () => OK;

const JSON_BODY = { 'Content-Type': 'application/json' };

describe('bodies', () => {
  it('may be as large as the limit', async () => {
    const { port, calls } = await startBridge(echo);

    const { status } = await send(
      port,
      { method: 'POST', path: '/things/1', headers: JSON_BODY },
      Buffer.alloc(MAX_PAYLOAD_BYTES, 'a'),
    );

    expect(status).toBe(200);
    expect(calls[0]?.event.body).toHaveLength(MAX_PAYLOAD_BYTES);
  });

  it('above the limit are refused with a 413 problem and the connection is closed', async () => {
    const { port, calls } = await startBridge(echo);

    const answer = await send(port, { method: 'POST', path: '/things/1' }, Buffer.alloc(MAX_PAYLOAD_BYTES + 1));

    expect(answer.status).toBe(413);
    expect(answer.headers.connection).toBe('close');
    expect(JSON.parse(answer.body)).toMatchObject({ type: '/problems/body-too-large', instance: '/things/1' });
    expect(calls).toEqual([]);
  });

  it('without a declared length are refused as soon as they pass the limit, while they are being sent', async () => {
    const { port } = await startBridge(echo);
    const request = httpRequest({ port, host: '127.0.0.1', method: 'POST', path: '/things/1', agent: false });
    const endless = Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(64 * 1024);
      })(),
    );
    request.on('error', () => endless.destroy());

    endless.pipe(request);
    const [response] = await once(request, 'response');
    const body = await text(response);

    expect(response.statusCode).toBe(413);
    expect(JSON.parse(body)).toMatchObject({ type: '/problems/body-too-large' });
    endless.destroy();
    request.destroy();
  });

  it('are not even sent by a caller that asks before', async () => {
    const { port } = await startBridge(echo);
    const head = `POST /things/1 HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: ${MAX_PAYLOAD_BYTES + 1}\r\n\r\n`;
    const socket = connect(port, '127.0.0.1');

    socket.write(head);
    const [chunk] = await once(socket, 'data');

    expect(String(chunk)).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
  });

  it('are asked for when a caller asks before and they are small enough', async () => {
    const { port, calls } = await startBridge(echo);
    const request = httpRequest({
      port,
      host: '127.0.0.1',
      method: 'POST',
      path: '/things/1',
      agent: false,
      headers: { ...JSON_BODY, Expect: '100-continue', 'Content-Length': 2 },
    });
    request.flushHeaders();

    await once(request, 'continue');
    request.end('{}');
    const [response] = await once(request, 'response');

    expect(response.statusCode).toBe(200);
    expect(calls[0]?.event.body).toBe('{}');
  });

  it('that break off leave no trace', async () => {
    const { port, url, calls } = await startBridge(echo);
    const socket = connect(port, '127.0.0.1');
    socket.write('POST /things/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc');
    await once(socket, 'connect');

    socket.resetAndDestroy();
    const response = await fetch(`${url}/things/1`);

    expect(response.status).toBe(200);
    expect(calls).toHaveLength(1);
  });
});

describe('what is not a request', () => {
  it('is refused with a 431 problem when its headers are too large', async () => {
    const { port } = await startBridge(echo);

    const { status, headers, body } = await send(port, {
      path: '/things/1',
      headers: { 'X-Long': 'a'.repeat(11_000) },
    });

    expect(status).toBe(431);
    expect(headers).toMatchObject({
      ...{ 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
      'x-content-type-options': 'nosniff',
    });
    expect(JSON.parse(body)).toMatchObject({ type: '/problems/headers-too-large', status: 431 });
  });

  it.each([
    [200, 200],
    [201, 431],
    [2100, 431],
  ])('has no more than 200 headers: %s are answered %s', async (count, expected) => {
    const { port } = await startBridge(echo);
    const more = Array.from({ length: count - 2 }, () => 'a:\r\n').join('');

    const answer = await sendRaw(port, `GET /things/1 HTTP/1.1\r\nHost: localhost\r\n${more}Connection: close\r\n\r\n`);

    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${expected} `));
    expect(answer.includes('"type":"/problems/headers-too-large"')).toBe(expected === 431);
  });

  it('is refused with a 400 problem when it is not HTTP', async () => {
    const { port } = await startBridge(echo);

    const answer = await sendRaw(port, 'EHLO example.com\r\n\r\n');

    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(answer).toContain('"type":"/problems/unreadable-request"');
    expect(answer).toMatch(/X-Request-Id: [\w-]{36}\r\n/);
  });

  it('is refused with a 400 problem after a good one on the same connection', async () => {
    const { port } = await startBridge(echo);
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /things/1 HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const [first] = await once(socket, 'data');

    socket.write('nonsense\r\n\r\n');
    const rest = await text(socket);

    expect(String(first)).toMatch(/^HTTP\/1\.1 200 /);
    expect(rest).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('is refused with a 408 problem when its headers do not come', async () => {
    const { port } = await startBridge(echo, { headersMs: 50, requestMs: 100 });

    const answer = await sendRaw(port, 'GET /things/1 HTTP/1.1\r\nHost: localhost\r\n');

    expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(answer).toContain('"type":"/problems/request-timeout"');
  });

  it('is refused with a 408 problem when its body does not come', async () => {
    const { port, calls } = await startBridge(echo, { headersMs: 50, requestMs: 100 });

    const answer = await sendRaw(port, 'POST /things/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc');

    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(calls).toEqual([]);
  });
});

describe('connections', () => {
  it('serve one request after the other', async () => {
    const { port, calls } = await startBridge(echo);
    const get = 'GET /things/1 HTTP/1.1\r\nHost: localhost\r\n';

    const answer = await sendRaw(port, `${get}\r\n${get}Connection: close\r\n\r\n`);

    expect(answer.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
    expect(calls).toHaveLength(2);
  });

  it('take the whole URL where a proxy sends it', async () => {
    const { port, calls } = await startBridge(echo);

    await sendRaw(port, 'GET http://localhost/things/7?a=1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');

    expect(calls[0]?.event).toMatchObject({ path: '/things/7', queryStringParameters: { a: '1' } });
  });
});

describe('closing', () => {
  it('answers the request in hand, says it was the last on its connection and takes no more', async () => {
    const release = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    const { url, bridge } = await startBridge(
      async () => {
        arrived.resolve();
        await release.promise;
        return OK;
      },
      { graceMs: 20_000 },
    );
    const inHand = fetch(`${url}/things/1`);
    await arrived.promise;

    const closed = bridge.close();
    await expect(fetch(`${url}/things/1`)).rejects.toThrow();
    release.resolve();

    expect((await inHand).headers.get('connection')).toBe('close');
    await closed;
  });

  it('does not wait for connections that ask for nothing', async () => {
    const { port, url, bridge } = await startBridge(echo, { graceMs: 20_000 });
    const silent = connect(port, '127.0.0.1');
    await once(silent, 'connect');
    await fetch(`${url}/things/1`);
    const hungUp = once(silent, 'close');

    await bridge.close();

    await hungUp;
  });

  it('ends long waits once the grace is over', async () => {
    const arrived = Promise.withResolvers<void>();
    const { url, bridge } = await startBridge(
      async (_, { signal }) => {
        arrived.resolve();
        if (signal) await once(signal, 'abort');
        return { ...OK, statusCode: 202 };
      },
      { graceMs: 10 },
    );
    const inHand = fetch(`${url}/things/1`);
    await arrived.promise;

    await bridge.close();

    expect((await inHand).status).toBe(202);
  });

  it('cuts off a handler that will not end', async () => {
    const arrived = Promise.withResolvers<void>();
    const { url, bridge } = await startBridge(
      () => {
        arrived.resolve();
        return new Promise(() => undefined);
      },
      { graceMs: 10 },
    );
    const inHand = fetch(`${url}/things/1`).catch((error: unknown) => error);
    await arrived.promise;

    await bridge.close();

    expect(await inHand).toBeInstanceOf(Error);
  });
});

describe('listening', () => {
  it('fails with the reason when the port is taken', async () => {
    const { port } = await startBridge(echo);

    await expect(startBridgeOn(port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

async function startBridgeOn(port: number): Promise<void> {
  const { bridge } = await startBridge(echo);
  await bridge.close();
  await bridge.listen(port, '127.0.0.1');
}
