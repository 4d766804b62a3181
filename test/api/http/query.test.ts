import { describe, expect, it } from 'vitest';
import { queryOf } from '#api/http/http-request.ts';

const query = (values: Record<string, string[]>) => queryOf({ multiValueQueryStringParameters: values });

describe('query parameters', () => {
  it('count as absent when they are empty', () => {
    expect(query({ cursor: [''] }).one('cursor')).toBeUndefined();
    expect(query({ limit: [''] }).integer('limit', { min: 1, max: 100 })).toBeUndefined();
    expect(query({ state: [''] }).word('state', ['queued'])).toBeUndefined();
  });

  it.each(['', 'yes', 'TRUE', '1'])('are refused with a pointer when a flag is %j', (all) => {
    expect(() => query({ all: [all] }).flag('all')).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        message: 'The query parameter all must be one of true, false.',
        errors: [{ pointer: '/query/all', message: 'must be one of true, false' }],
      }),
    );
  });

  it('are flags that are false when they are absent', () => {
    expect([
      query({}).flag('all'),
      query({ all: ['false'] }).flag('all'),
      query({ all: ['true'] }).flag('all'),
    ]).toEqual([false, false, true]);
  });

  it('are refused by name when they are repeated', () => {
    expect(() => query({ limit: ['1', '2'] }).one('limit')).toThrow(
      expect.objectContaining({ code: 'invalid_request', message: 'The query parameter limit must be given once.' }),
    );
  });

  it.each(['0', '101', '-1', '1.5', 'ten', '1e1', ' 5'])('are refused by name when the limit is %j', (limit) => {
    expect(() => query({ limit: [limit] }).integer('limit', { min: 1, max: 100 })).toThrow(
      expect.objectContaining({ message: 'The query parameter limit must be a whole number from 1 to 100.' }),
    );
  });

  it('are refused by name when the word is not one of the offered', () => {
    expect(() => query({ state: ['done'] }).word('state', ['queued', 'running'])).toThrow(
      expect.objectContaining({ message: 'The query parameter state must be one of queued, running.' }),
    );
  });

  it('are read from single values where the event has no others', () => {
    expect(queryOf({ queryStringParameters: { model: 'model_a' } }).one('model')).toBe('model_a');
    expect(queryOf({ queryStringParameters: null }).one('model')).toBeUndefined();
  });
});
