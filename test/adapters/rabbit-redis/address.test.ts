import { describe, expect, it } from 'vitest';
import { isHopeless, troubleWith } from '#adapters/rabbit-redis/errors.ts';

const redis = { name: 'Redis', address: '127.0.0.1:6379' };

describe('the sentence about a server that cannot be used', () => {
  it.each([
    [
      'ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN.',
      'refuses this user name or this password',
    ],
    ['WRONGPASS invalid username-password pair or user is disabled.', 'refuses this user name or this password'],
    ['NOAUTH HELLO must be called with the client already authenticated', 'requires a password'],
    ['ConnectionOpen: NOT_ALLOWED - vhost nowhere not found', 'has no virtual host of this name for this user'],
    ['ERR DB index is out of range', 'has no database of this number'],
  ])('says in plain words what no waiting helps: %s', (said, meaning) => {
    const error = new Error(said);

    expect(troubleWith(redis, error)).toBe(`Redis at 127.0.0.1:6379 ${meaning}.`);
    expect(isHopeless(error)).toBe(true);
  });

  it.each([
    [new Error('connect ECONNREFUSED 127.0.0.1:6379'), 'connect ECONNREFUSED 127.0.0.1:6379'],
    [new Error('write EPROTO: packet length too long:\n'), 'write EPROTO: packet length too long'],
    [new AggregateError([new Error('connect ECONNREFUSED ::1:6379')]), 'connect ECONNREFUSED ::1:6379'],
    [undefined, 'no answer'],
  ])('says why it cannot be reached, and that it may be later: %s', (error, why) => {
    expect(troubleWith(redis, error)).toBe(`Redis at 127.0.0.1:6379 cannot be reached: ${why}.`);
    expect(isHopeless(error)).toBe(false);
  });
});
