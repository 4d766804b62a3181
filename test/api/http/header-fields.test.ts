import { describe, expect, it } from 'vitest';
import { headersOf } from '#api/http/headers.ts';

describe('headers of an event', () => {
  it('are found in any case, with every value', () => {
    const headers = headersOf({
      headers: { Prefer: 'wait=2', prefer: 'wait=3' },
      multiValueHeaders: { Prefer: ['respond-async', 'wait=2'], prefer: ['wait=3'] },
    });

    expect(headers.all('PREFER')).toEqual(['respond-async', 'wait=2', 'wait=3']);
    expect(headers.list('prefer')).toBe('respond-async, wait=2, wait=3');
  });

  it('are read from single values where the event has no others', () => {
    expect(headersOf({ headers: { accept: 'a, b' } }).list('Accept')).toBe('a, b');
  });

  it('may be missing altogether', () => {
    expect(headersOf({ headers: null, multiValueHeaders: null }).list('accept')).toBeUndefined();
  });

  it('may be called like something every object has', () => {
    expect(headersOf({ headers: {} }).list('constructor')).toBeUndefined();
  });
});
