import { describe, expect, it } from 'vitest';
import type { ProxyContext, ProxyEvent } from '#api';
import { createHandler } from '#lambdas/refuse-route/handler.ts';

const refuse = (event: ProxyEvent) =>
  createHandler()({ ...event, requestContext: { requestId: 'r-1' } }, {} as ProxyContext);

describe('what no route of the gateway takes', () => {
  it('is told the methods of the path that a REST API found', async () => {
    const { statusCode, headers, body } = await refuse({
      httpMethod: 'PATCH',
      resource: '/models/{model}/instances/{id}',
      path: '/models/model_a/instances/i-1',
    });

    expect(statusCode).toBe(405);
    expect(headers).toMatchObject({ Allow: 'GET, DELETE, HEAD, OPTIONS', 'X-Request-Id': 'r-1' });
    expect(JSON.parse(body)).toMatchObject({
      type: '/problems/method-not-allowed',
      instance: '/models/model_a/instances/i-1',
    });
  });

  it('is told the methods of a path that an HTTP API did not look for', async () => {
    const { statusCode, headers } = await refuse({ httpMethod: 'PUT', resource: '$default', path: '/predict/model_a' });

    expect(statusCode).toBe(405);
    expect(headers.Allow).toBe('POST, OPTIONS');
  });

  it('finds nothing where there is nothing', async () => {
    const { statusCode, headers } = await refuse({ httpMethod: 'GET', resource: '$default', path: '/nowhere' });

    expect(statusCode).toBe(404);
    expect(headers).toMatchObject({ 'Content-Type': 'application/problem+json', 'X-Request-Id': 'r-1' });
  });

  it('refuses a path that cannot be decoded', async () => {
    const { statusCode, body } = await refuse({ httpMethod: 'GET', resource: '$default', path: '/tasks/%zz' });

    expect(statusCode).toBe(400);
    expect(JSON.parse(body)).toMatchObject({ type: '/problems/invalid-request' });
  });
});
