import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { OutboundHttp } from '#adapters/outbound/outbound-http.ts';
import { MAX_ANSWER_BYTES } from '#core';
import { listenOnFreePort } from '#test/support/listen.ts';

const LOOPBACK = new Set(['127.0.0.1']);
/** Each call answers with the next addresses; the last ones stay. */
function changing(...answers: string[][]) {
  const names: string[] = [];
  const resolve = async (name: string) => {
    names.push(name);
    const answer = answers[Math.min(names.length, answers.length) - 1] ?? [];
    return answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  };
  return { names, resolve };
}

describe('an outbound request', () => {
  const servers: Server[] = [];
  const requests: string[] = [];

  async function start(listener: RequestListener): Promise<string> {
    const server = createServer((request, response) => {
      requests.push(`${request.method} ${request.headers.host}${request.url}`);
      listener(request, response);
    });
    servers.push(server);
    return listenOnFreePort(server);
  }

  afterEach(() => {
    requests.length = 0;
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  it('reaches a listed host and answers with its status and body', async () => {
    const url = await start((request, response) => {
      request.on('data', (chunk) => response.writeHead(201, { 'x-own': 'yes' }).end(`got ${chunk}`));
    });
    const http = new OutboundHttp({ listed: LOOPBACK });

    const answer = await http.send({ url, method: 'POST', body: 'é', headers: { a: 'b' }, timeoutMs: 30_000 });

    expect(answer.status).toBe(201);
    expect(answer.headers['x-own']).toBe('yes');
    expect(String(answer.body)).toBe('got é');
  });

  it.each([
    ...['127.0.0.1', '169.254.169.254', '10.0.0.8', '0.0.0.0', '::1', '::', '::127.0.0.1', '::ffff:127.0.0.1'],
    ...['64:ff9b::7f00:1', '2002:7f00:1::', 'fe80::1', 'fe80::1%lo', 'fd00:ec2::254'],
  ])('refuses a name that has the address %s', async (address) => {
    const { resolve } = changing(['8.8.8.8', address]);
    const http = new OutboundHttp({ listed: new Set(), resolve });

    const sent = http.send({ url: 'https://rebound.example/', timeoutMs: 30_000 });

    await expect(sent).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it.each(['https://localhost/', 'https://localhost:8443/'])('refuses the name of this machine in %s', async (url) => {
    const sent = new OutboundHttp({ listed: new Set() }).send({ url, timeoutMs: 30_000 });

    await expect(sent).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('connects to the address that was judged, whatever the name server answers later', async () => {
    const url = new URL(await start((_request, response) => response.end('first')));
    const { names, resolve } = changing(['127.0.0.1'], ['169.254.169.254']);
    const http = new OutboundHttp({ listed: new Set(['hooks.internal']), resolve });
    url.hostname = 'hooks.internal';

    const first = await http.send({ url: url.href, timeoutMs: 30_000 });
    const second = http.send({ url: url.href, timeoutMs: 30_000 });

    expect(String(first.body)).toBe('first');
    await expect(second).rejects.toMatchObject({ code: 'invalid_request' });
    expect(names).toEqual(['hooks.internal', 'hooks.internal']);
    expect(requests).toEqual([`GET hooks.internal:${url.port}/`]);
  });

  it('does not reuse the connection of an earlier answer', async () => {
    const url = new URL(await start((_request, response) => response.end(String(response.socket?.remotePort))));
    const http = new OutboundHttp({ listed: LOOPBACK });

    const ports = [
      await http.send({ url: url.href, timeoutMs: 30_000 }),
      await http.send({ url: url.href, timeoutMs: 30_000 }),
    ];

    expect(new Set(ports.map(({ body }) => String(body))).size).toBe(2);
  });

  it('does not follow redirects', async () => {
    const url = await start((_request, response) => response.writeHead(302, { location: '/elsewhere' }).end());
    const http = new OutboundHttp({ listed: LOOPBACK });

    const { status } = await http.send({ url, timeoutMs: 30_000 });

    expect(status).toBe(302);
    expect(requests).toHaveLength(1);
  });

  it('judges each redirect that it was told to follow', async () => {
    const targets: Record<string, string> = {
      '/': '/next',
      '/metadata': 'http://169.254.169.254/latest/meta-data/',
      '/file': 'file:///etc/passwd',
      '/other': 'http://127.0.0.2/',
      '/loop': '/loop',
    };
    const url = await start((request, response) => {
      const location = targets[request.url ?? ''];
      if (location) response.writeHead(307, { location }).end();
      else response.end('there');
    });
    const http = new OutboundHttp({ listed: LOOPBACK });
    const follow = (path: string) => http.send({ url: `${url}${path}`, maxRedirects: 3, timeoutMs: 30_000 });

    const followed = await follow('/');

    expect(String(followed.body)).toBe('there');
    for (const path of ['/metadata', '/file', '/other']) {
      await expect(follow(path), path).rejects.toMatchObject({ code: 'invalid_request' });
    }
    expect((await follow('/loop')).status).toBe(307);
  });

  it('reads no more of the body than its limit', async () => {
    const url = await start((_request, response) => {
      const more = () => {
        while (response.write(Buffer.alloc(16 * 1024, 'x')));
      };
      response.on('drain', more);
      more();
    });
    const http = new OutboundHttp({ listed: LOOPBACK });

    const { body } = await http.send({ url, timeoutMs: 30_000 });

    expect(body).toHaveLength(MAX_ANSWER_BYTES);
  });

  it.each<[string, RequestListener]>([
    ['sends no headers', () => undefined],
    ['sends its body byte by byte', (_request, response) => void response.writeHead(200).write('x')],
  ])('ends in time when the receiver %s', async (_name, listener) => {
    const url = await start(listener);
    const http = new OutboundHttp({ listed: LOOPBACK });

    const sent = http.send({ url, timeoutMs: 300 });

    await expect(sent).rejects.toMatchObject({ code: 'gateway_timeout', retryable: true });
  });

  it('takes no body for whole that its time limit has cut', async () => {
    const open = createTcpServer((socket) => {
      socket.on('error', () => undefined).on('data', () => socket.write('HTTP/1.1 200 OK\r\n\r\na part'));
    });
    const url = await listenOnFreePort(open);
    const http = new OutboundHttp({ listed: LOOPBACK });
    const folder = await mkdtemp(join(tmpdir(), 'modelyard-outbound-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));

    const sent = http.send({ url, timeoutMs: 300 });
    const downloaded = http.download({ url, timeoutMs: 300 }, { path: join(folder, 'file'), maxBytes: 1000 });

    await expect(sent).rejects.toMatchObject({ code: 'gateway_timeout' });
    await expect(downloaded).rejects.toMatchObject({ code: 'gateway_timeout' });
    open.close();
  });

  it('ends in time when the name server does not answer', async () => {
    const http = new OutboundHttp({ listed: new Set(), resolve: () => new Promise(() => undefined) });

    const sent = http.send({ url: 'https://slow.example/', timeoutMs: 50 });

    await expect(sent).rejects.toMatchObject({ code: 'gateway_timeout' });
  });

  it('tells why there is no answer', async () => {
    const cut = createTcpServer((socket) => socket.destroy());
    const url = await listenOnFreePort(cut);
    const http = new OutboundHttp({ listed: LOOPBACK, resolve: async () => [] });

    const sent = [url, 'https://nowhere.example/'].map((each) => http.send({ url: each, timeoutMs: 30_000 }));

    for (const { status, reason } of (await Promise.allSettled(sent)) as PromiseRejectedResult[]) {
      expect(status).toBe('rejected');
      expect(reason).toMatchObject({ code: 'bad_gateway', retryable: true });
    }
    cut.close();
  });
});
