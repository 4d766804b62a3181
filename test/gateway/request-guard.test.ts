import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import type { GuardOptions } from '#gateway/request-guard.ts';
import { OK, send, startBridge } from './bridge-harness.ts';

const JSON_BODY = { 'Content-Type': 'application/json' };
const VISIT = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' };

async function ask(headers: Readonly<Record<string, string>>, method = 'POST', guard: GuardOptions = {}) {
  const { port, calls } = await startBridge(async () => OK, {}, { guard });
  const given = { Host: `localhost:${port}`, ...headers };
  const own = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, value.replace('<port>', `${port}`)]),
  );
  const { status, body } = await send(port, { method, path: '/things/7', headers: own });
  return { status, type: JSON.parse(body).type, calls: calls.length };
}

const REFUSED = { status: 403, type: '/problems/forbidden', calls: 0 };

describe('a gateway on this machine', () => {
  it.each([
    'localhost:<port>',
    'LOCALHOST',
    '127.0.0.1:<port>',
    '127.1.2.3',
    '[::1]:<port>',
    'api.localhost',
    'localhost.',
  ])('serves the host %s', async (Host) => {
    expect((await ask({ Host })).status).toBe(200);
  });

  it.each([
    'evil.example',
    'evil.example:<port>',
    'localhost.evil.example',
    'localhost:80@evil.example',
    '127.0.0.1.evil.example',
    '128.0.0.1',
    '0.0.0.0:<port>',
    'evil.example:127.0.0.1',
  ])('refuses the host «%s»', async (Host) => {
    expect(await ask({ Host })).toEqual(REFUSED);
  });

  it('serves a program of HTTP/1.0, which names no host', async () => {
    const { port } = await startBridge(async () => OK);
    const socket = connect(port, '127.0.0.1');
    socket.end('GET /things/7 HTTP/1.0\r\n\r\n');

    expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it.each([
    ['http://evil.example/things/7', 403],
    ['HTTP://localhost@evil.example/things/7', 403],
    ['https://evil.example?@localhost/things/7', 403],
    ['http://localhost:9/things/7', 200],
  ])('refuses a foreign host in the target of a request: %s', async (target, status) => {
    const { port } = await startBridge(async () => OK);
    const socket = connect(port, '127.0.0.1');
    socket.end(`GET ${target} HTTP/1.1\r\nConnection: close\r\nHost: localhost\r\n\r\n`);

    expect(await text(socket)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });

  it.each([
    ['no host', ''],
    ['two hosts', 'Host: localhost\r\nHost: evil.example\r\n'],
    ['two lengths', 'Host: localhost\r\nContent-Length: 2\r\nContent-Length: 5\r\n'],
    ['a length and chunks', 'Host: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n'],
  ])('refuses a request with %s, by a problem with the headers of every answer', async (_, head) => {
    const { port, calls } = await startBridge(async () => OK);
    const socket = connect(port, '127.0.0.1');
    socket.end(`GET /things/7 HTTP/1.1\r\nConnection: close\r\n${head}\r\n`);

    const answer = await text(socket);

    expect(answer).toMatch(/^HTTP\/1\.1 400 .*\r\n/);
    for (const header of [/^X-Content-Type-Options: nosniff\r$/m, /^Cache-Control: no-store\r$/m, /^X-Request-Id: /m]) {
      expect(answer).toMatch(header);
    }
    expect(calls).toHaveLength(0);
  });

  it('serves host names that are configured', async () => {
    const guard = { hosts: ['gateway'] };

    expect((await ask({ Host: 'gateway:8000' }, 'GET', guard)).status).toBe(200);
    expect((await ask({ Host: 'other:8000' }, 'GET', guard)).status).toBe(403);
    expect((await ask({ Host: 'other:8000' }, 'GET', { hosts: ['*'] })).status).toBe(200);
  });

  it.each<Record<string, string>>([
    { Origin: 'http://localhost:<port>' },
    { Origin: 'http://localhost:<port>', 'Sec-Fetch-Site': 'same-origin' },
    { 'Sec-Fetch-Site': 'none' },
  ])('serves its own pages and what people type: %o', async (headers) => {
    expect((await ask(headers)).status).toBe(200);
  });

  it.each<Record<string, string>>([
    { Origin: 'http://evil' },
    { Origin: 'http://evil.example', ...JSON_BODY },
    { Origin: 'null' },
    { Origin: '' },
    { Origin: 'http://localhost:1' },
    { Origin: 'http://localhost' },
    { Origin: 'http://localhost:<port>.evil.example' },
    { Origin: 'http://localhost:<port>, http://evil.example' },
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { 'Sec-Fetch-Site': 'anything' },
    { Origin: 'http://localhost:<port>', 'Sec-Fetch-Site': 'cross-site' },
    VISIT,
  ])('refuses pages of others: %o', async (headers) => {
    expect(await ask(headers)).toEqual(REFUSED);
  });

  it('serves who follows a link to it, but no frame or picture of another page', async () => {
    const destinations = ['document', 'iframe', 'image'];

    const answers = await Promise.all(destinations.map((dest) => ask({ ...VISIT, 'Sec-Fetch-Dest': dest }, 'GET')));

    expect(answers.map(({ status }) => status)).toEqual([200, 403, 403]);
  });

  it('serves pages of the origins that are configured', async () => {
    const headers = { Origin: 'https://console.example', 'Sec-Fetch-Site': 'cross-site' };
    const configured = [['https://console.example'], ['*'], ['https://console.example.evil']];

    const answers = await Promise.all(configured.map((origins) => ask(headers, 'POST', { origins })));

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 403]);
  });
});

describe('a page of an origin that is configured', () => {
  const PAGE = 'https://console.example';
  const origins = ['https://other.example', PAGE];

  async function asPage(method: string, path: string, headers: Readonly<Record<string, string>> = {}) {
    const { port } = await startBridge(async () => OK, {}, { guard: { origins } });
    return send(port, { method, path, headers: { Origin: PAGE, 'Sec-Fetch-Site': 'cross-site', ...headers } });
  }

  it('is told by a preflight what it may send', async () => {
    const asked = { 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'authorization' };
    const { status, headers } = await asPage('OPTIONS', '/things/7', asked);

    expect(status).toBe(204);
    expect(headers).toMatchObject({
      ...{ 'access-control-allow-origin': PAGE, vary: 'Origin', 'access-control-max-age': '7200' },
      'access-control-allow-methods': 'POST, GET, HEAD, OPTIONS',
      'access-control-allow-headers': expect.stringMatching(/^Authorization, Content-Type, /),
    });
  });

  it.each([
    ['GET', '/things/7', 200],
    ['GET', '/nothing', 404],
    ['DELETE', '/things/7', 405],
    ['OPTIONS', '/things/7', 204],
  ])('may read the answer to %s %s', async (method, path, expected) => {
    const { status, headers } = await asPage(method, path);

    expect(status).toBe(expected);
    expect(headers).toMatchObject({
      ...{ 'access-control-allow-origin': PAGE, vary: 'Origin' },
      'access-control-expose-headers': expect.stringContaining('X-Request-Id'),
    });
    expect(headers).not.toHaveProperty('access-control-allow-methods');
    expect(headers).not.toHaveProperty('access-control-allow-credentials');
  });

  it('is the only one', async () => {
    const { status, headers } = await asPage('OPTIONS', '/things/7', { Origin: 'https://evil.example' });
    const { port } = await startBridge(async () => OK);
    const none = await send(port, { method: 'GET', path: '/things/7', headers: {} });

    expect([status, headers.vary]).toEqual([403, 'Origin']);
    expect(headers).not.toHaveProperty('access-control-allow-origin');
    expect(none.headers).not.toHaveProperty('vary');
  });
});

describe('a body', () => {
  const post = async (headers: Readonly<Record<string, string>>, body?: string) => {
    const { port } = await startBridge(async () => OK);
    const answer = await send(port, { method: 'POST', path: '/things/7', headers }, body);
    return [answer.status, JSON.parse(answer.body).type];
  };

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    'text/plain; application/json',
    '',
  ])('of the type «%s», which pages may send unasked, is refused', async (type) => {
    expect(await post({ 'Content-Type': type }, '{"a": 1}')).toEqual([415, '/problems/unsupported-media-type']);
  });

  it('without a type is refused, and no body needs none', async () => {
    expect(await post({}, '{"a": 1}')).toEqual([415, '/problems/unsupported-media-type']);
    expect(await post({})).toEqual([200, undefined]);
    expect(await post({ 'Content-Type': 'text/plain' })).toEqual([200, undefined]);
  });

  it.each(['application/json', 'Application/JSON; charset=utf-8', 'application/x-protobuf'])(
    'of the type %s is read',
    async (type) => {
      expect(await post({ 'Content-Type': type }, '{}')).toEqual([200, undefined]);
    },
  );
});
