import { describe, expect, it } from 'vitest';
import { problemOf, problemResponse, STATUS } from '#api/http/problem.ts';
import { ModelyardError } from '#core';

describe('a problem', () => {
  it('says what is wrong as RFC 9457 wants it', () => {
    const errors = [{ pointer: '/value', message: 'must be a number' }];

    const { statusCode, headers, body } = problemResponse(
      new ModelyardError('invalid_input', 'The body is not a valid Request.', { errors }),
      '/predict/model_b',
    );

    expect(statusCode).toBe(422);
    expect(headers['Content-Type']).toBe('application/problem+json');
    expect(JSON.parse(body)).toEqual({
      type: '/problems/invalid-input',
      title: 'Invalid input',
      status: 422,
      detail: 'The body is not a valid Request.',
      instance: '/predict/model_b',
      errors,
    });
  });

  it.each([
    new Error('Table modelyard-tasks at arn:aws:dynamodb:eu-west-1:123456789012:table/x is gone'),
    new ModelyardError('internal', 'The invariant of row 17 is broken.'),
    'a string',
    undefined,
  ])('tells nothing about a fault of our own: %s', (error) => {
    expect(problemOf(error, '/tasks/1')).toEqual({
      type: '/problems/internal',
      title: 'Internal error',
      status: 500,
      detail: 'An internal error occurred. The request may be retried.',
      instance: '/tasks/1',
    });
  });

  it.each([
    'backlog_full',
    'too_many_requests',
    'no_live_instance',
    'queue_unavailable',
    'store_unavailable',
    'registry_unavailable',
  ] as const)('says when to come back after %s', (code) => {
    const unknown = problemResponse(new ModelyardError(code, 'Not now.'), '/');
    const known = problemResponse(new ModelyardError(code, 'Not now.', { retryAfterSeconds: 11.2 }), '/');

    expect(unknown.headers['Retry-After']).toBe('5');
    expect(known.headers['Retry-After']).toBe('12');
  });

  it('does not ask to come back after a refusal for good', () => {
    expect(problemResponse(new ModelyardError('model_not_found', 'No.'), '/').headers).not.toHaveProperty(
      'Retry-After',
    );
  });

  it('has an error status whatever the code', () => {
    for (const status of Object.values(STATUS)) expect(status >= 400 && status <= 504).toBe(true);
  });
});
