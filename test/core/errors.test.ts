import { expect, it } from 'vitest';
import { ModelyardError, unavailable } from '#core';

it('an error has defaults, and no cause unless it is given one', () => {
  const error = new ModelyardError('internal', 'It broke.');

  expect(error).toMatchObject({ name: 'ModelyardError', code: 'internal', message: 'It broke.', retryable: false });
  expect(error.errors).toEqual([]);
  expect(error.retryAfterSeconds).toBeUndefined();
  expect('cause' in error).toBe(false);
});

it('a service that is unavailable may be asked again in five seconds', () => {
  const cause = new Error('connect ECONNREFUSED');

  const error = unavailable('store_unavailable', 'Away.', cause);

  expect(error).toMatchObject({ code: 'store_unavailable', retryable: true, retryAfterSeconds: 5, cause });
});
