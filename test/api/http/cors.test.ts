import { describe, expect, it } from 'vitest';
import { corsHeaders, httpHandler, json, type ProxyEvent } from '#api';
import { ModelyardError } from '#core';
import { lambdaContext } from '#gateway/bridge-invoke.ts';
import { createHandler as createRefusal } from '#lambdas/refuse-route/handler.ts';
import { silentLogger as logger } from '#test/support/silent-logger.ts';

const PAGE = 'https://example.com';
const context = () => lambdaContext({ name: 'a-handler', requestId: 'one', timeoutMs: 1000 });
const from = (origin?: string): ProxyEvent => ({
  httpMethod: 'GET',
  resource: '/models',
  path: '/models',
  headers: origin === undefined ? {} : { origin },
});

describe('a page of another origin', () => {
  it('may read an answer where its origin is let in', async () => {
    const handler = httpHandler({ logger, auth: 'none', corsOrigins: ['https://other.example', PAGE] }, async () =>
      json(200, {}),
    );

    const { headers } = await handler(from(PAGE), context());

    expect(headers).toMatchObject({ 'Access-Control-Allow-Origin': PAGE, Vary: 'Origin' });
    expect(headers['Access-Control-Expose-Headers']?.split(',')).toEqual(
      expect.arrayContaining(['Location', 'Retry-After', 'X-Request-Id']),
    );
  });

  it('may read what was wrong, too', async () => {
    const handler = httpHandler({ logger, auth: 'none', corsOrigins: [PAGE] }, async () => {
      throw new ModelyardError('task_not_found', 'There is no such task.');
    });

    const { statusCode, headers } = await handler(from(PAGE), context());

    expect(statusCode).toBe(404);
    expect(headers['Access-Control-Allow-Origin']).toBe(PAGE);
  });

  it('may read that there is no such method', async () => {
    const { headers } = await createRefusal({ corsOrigins: [PAGE] })(from(PAGE), context());

    expect(headers['Access-Control-Allow-Origin']).toBe(PAGE);
  });

  it.each(['https://evil.example', 'null', undefined])(
    'may read nothing as %s, and caches are told',
    async (origin) => {
      const handler = httpHandler({ logger, auth: 'none', corsOrigins: [PAGE] }, async () =>
        json(200, {}, { Vary: 'Accept' }),
      );

      const { headers } = await handler(from(origin), context());

      expect(headers['Access-Control-Allow-Origin']).toBeUndefined();
      expect(headers.Vary).toBe('Accept, Origin');
    },
  );

  it('may read everything where every origin is let in', () => {
    expect(corsHeaders(from(PAGE), json(200, {}), ['*'])['Access-Control-Allow-Origin']).toBe(PAGE);
    expect(corsHeaders(from(), json(200, {}), ['*'])['Access-Control-Allow-Origin']).toBe('*');
  });

  it('is not spoken of where none is let in', async () => {
    const { headers } = await httpHandler({ logger, auth: 'none' }, async () => json(200, {}))(from(PAGE), context());

    expect(Object.keys(headers)).toEqual([
      ...['X-Content-Type-Options', 'Cache-Control', 'Content-Type', 'X-Request-Id'],
    ]);
  });
});
