import { describe, expect, it } from 'vitest';
import { OK, send, startBridge } from './bridge-harness.ts';

const echo = async () => OK;

describe('what a handler gets', () => {
  it('is the path decoded once, and the query with every value', async () => {
    const { url, calls } = await startBridge(echo);

    await fetch(`${url}/things/a%2Fb%2525?x=1&x=2+3&y=%26`);

    expect(calls[0]?.event).toMatchObject({
      httpMethod: 'GET',
      resource: '/things/{id}',
      path: '/things/a%2Fb%2525',
      pathParameters: { id: 'a/b%25' },
      queryStringParameters: { x: '2 3', y: '&' },
      multiValueQueryStringParameters: { x: ['1', '2 3'], y: ['&'] },
    });
  });

  it('is null where there is nothing', async () => {
    const { url, calls } = await startBridge(echo);

    await fetch(`${url}/things`, { method: 'DELETE' });

    expect(calls[0]?.event).toMatchObject({
      pathParameters: null,
      queryStringParameters: null,
      multiValueQueryStringParameters: null,
      body: null,
      isBase64Encoded: false,
    });
  });

  it('is the headers in the case they were sent, with every value', async () => {
    const { port, calls } = await startBridge(echo);

    await send(port, { path: '/things/1', headers: { PreFer: ['respond-async', 'wait=1'], 'X-Odd': 'ä' } });

    expect(calls[0]?.event.multiValueHeaders).toMatchObject({ PreFer: ['respond-async', 'wait=1'], 'X-Odd': ['ä'] });
    expect(calls[0]?.event.headers).toMatchObject({ PreFer: 'wait=1' });
  });

  it('is text as text, chunked or not', async () => {
    const { port, calls } = await startBridge(echo);
    const chunked = { 'Transfer-Encoding': 'chunked', 'Content-Type': 'application/json' };

    await send(port, { method: 'POST', path: '/things/1', headers: chunked }, '{"name": "Zoë"}');

    expect(calls[0]?.event).toMatchObject({ body: '{"name": "Zoë"}', isBase64Encoded: false });
  });

  it.each([
    ['protobuf', 'Application/X-Protobuf; a=b', Buffer.from([1, 2, 3])],
    ['text that is not UTF-8', 'application/json', Buffer.from([0x22, 0xff, 0x22])],
  ])('is %s as base64, byte for byte', async (_, type, bytes) => {
    const { url, calls } = await startBridge(echo);

    await fetch(`${url}/things/1`, { method: 'POST', body: bytes, headers: { 'Content-Type': type } });

    expect(calls[0]?.event).toMatchObject({ body: bytes.toString('base64'), isBase64Encoded: true });
  });

  it('is told how long it may take, and when the caller has gone', async () => {
    const gone = Promise.withResolvers<string>();
    const { url, calls } = await startBridge(async (_, { signal }) => {
      signal?.addEventListener('abort', () => gone.resolve('gone'));
      leave.abort();
      await gone.promise;
      return OK;
    });
    const leave = new AbortController();

    await expect(fetch(`${url}/things/1`, { signal: leave.signal })).rejects.toThrow();

    expect(await gone.promise).toBe('gone');
    expect(calls[0]?.context.getRemainingTimeInMillis()).toBeLessThanOrEqual(29_000);
  });
});

describe('what a caller gets', () => {
  it('is the answer of the handler with its length and the id of the request', async () => {
    const { url, calls } = await startBridge(async () => ({
      statusCode: 202,
      headers: { 'Content-Type': 'application/json', Location: '/things/1' },
      body: '{"name":"Zoë"}',
    }));

    const response = await fetch(`${url}/things/1`, {
      method: 'POST',
      body: '{}',
      headers: { 'Content-Type': 'application/json' },
    });

    expect(response.status).toBe(202);
    expect(response.headers.get('location')).toBe('/things/1');
    expect(response.headers.get('content-length')).toBe('15');
    expect(response.headers.get('x-request-id')).toBe(calls[0]?.event.requestContext?.requestId);
    expect(await response.text()).toBe('{"name":"Zoë"}');
  });

  it('is bytes where the handler answered base64', async () => {
    const { url } = await startBridge(async () => ({
      statusCode: 200,
      headers: { 'Content-Type': 'application/x-protobuf' },
      body: Buffer.from([0, 255, 10]).toString('base64'),
      isBase64Encoded: true,
    }));

    const response = await fetch(`${url}/things/1`);

    expect(new Uint8Array(await response.arrayBuffer())).toEqual(Uint8Array.of(0, 255, 10));
  });

  it('is a 404 problem where there is nothing', async () => {
    const { url, calls } = await startBridge(echo);

    const response = await fetch(`${url}/nothing/here?x=1`);

    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);
    expect(await response.json()).toMatchObject({ type: '/problems/route-not-found', instance: '/nothing/here' });
    expect(calls).toEqual([]);
  });

  it('is a 405 problem that names the methods there are', async () => {
    const { url } = await startBridge(echo);

    const response = await fetch(`${url}/things/1`, { method: 'PATCH', body: 'x' });

    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST, GET, HEAD, OPTIONS');
    expect(await response.json()).toMatchObject({ type: '/problems/method-not-allowed' });
  });

  it('is the methods there are, when that is asked', async () => {
    const { url } = await startBridge(echo);

    const response = await fetch(`${url}/things`, { method: 'OPTIONS' });

    expect(response.status).toBe(204);
    expect(response.headers.get('allow')).toBe('DELETE, OPTIONS');
  });

  it('is to HEAD what it is to GET, without the body', async () => {
    const { url, calls } = await startBridge(echo);

    const response = await fetch(`${url}/things/1`, { method: 'HEAD' });

    expect(response.status).toBe(200);
    expect(response.headers.get('content-length')).toBe('2');
    expect(await response.text()).toBe('');
    expect(calls[0]?.event.httpMethod).toBe('GET');
  });

  it.each(['/things/%zz', '/things/1?a=%'])('is a 400 problem for a URL that cannot be decoded: %s', async (path) => {
    const { port } = await startBridge(echo);

    const { status, body } = await send(port, { path });

    expect(status).toBe(400);
    expect(JSON.parse(body)).toMatchObject({ type: '/problems/invalid-request' });
  });

  it('is a 504 problem when the handler takes too long, which is told to stop', async () => {
    const stopped = Promise.withResolvers<void>();
    const { url } = await startBridge(
      async (_, { signal }) => {
        signal?.addEventListener('abort', () => stopped.resolve());
        await stopped.promise;
        return OK;
      },
      { integrationMs: 20 },
    );

    const response = await fetch(`${url}/things/1`);

    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({ type: '/problems/gateway-timeout' });
    await stopped.promise;
  });

  it('tells a handler to stop that answers by itself that its time is up', async () => {
    const stopped = Promise.withResolvers<void>();
    const { url } = await startBridge(async (_, { signal }) => {
      signal?.addEventListener('abort', () => stopped.resolve());
      return { ...OK, statusCode: 504 };
    });

    const response = await fetch(`${url}/things/1`);

    expect(response.status).toBe(504);
    await stopped.promise;
  });

  it.each([
    ['throws', () => Promise.reject(new Error('secret: arn:aws:x'))],
    ['answers nothing', () => Promise.resolve(undefined as never)],
    ['answers what is no status', () => Promise.resolve({ ...OK, statusCode: 20_000 })],
  ])('is a 502 problem without detail when the handler %s', async (_, handler) => {
    const { url } = await startBridge(handler);

    const response = await fetch(`${url}/things/1`);

    expect(response.status).toBe(502);
    expect(response.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);
    expect(await response.text()).not.toContain('secret');
  });
});
