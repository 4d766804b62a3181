import { describe, expect, it } from 'vitest';
import { unroutedAnswer } from '#api';

describe('a request that no route takes', () => {
  it('finds nothing where there are no routes', () => {
    const { statusCode, headers, body } = unroutedAnswer('GET', '/nowhere', []);

    expect(statusCode).toBe(404);
    expect(headers).not.toHaveProperty('Allow');
    expect(JSON.parse(body)).toMatchObject({ type: '/problems/route-not-found', instance: '/nowhere' });
  });

  it.each(['PUT', 'PATCH', 'TRACE', undefined])('is told what can be used instead of %s', (method) => {
    const { statusCode, headers, body } = unroutedAnswer(method, '/tasks', ['GET', 'POST']);

    expect(statusCode).toBe(405);
    expect(headers.Allow).toBe('GET, POST, HEAD, OPTIONS');
    expect(JSON.parse(body)).toMatchObject({ type: '/problems/method-not-allowed', status: 405 });
  });

  it('is told the same, without a problem, when it asks for that', () => {
    const answer = unroutedAnswer('OPTIONS', '/tasks', ['POST']);

    expect(answer).toEqual({ statusCode: 204, headers: { Allow: 'POST, OPTIONS' }, body: '' });
  });
});
