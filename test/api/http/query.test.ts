import { describe, expect, it } from 'vitest';
import { queryOf } from '#api/http/query.ts';

const query = (values: Record<string, string[]>) => queryOf({ multiValueQueryStringParameters: values });

describe('query parameters', () => {
  it('are refused with a pointer when they have no value', () => {
    const refused = (name: string) =>
      expect.objectContaining({
        code: 'invalid_request',
        message: `The query parameter ${name} must not be empty.`,
        errors: [{ pointer: `/query/${name}`, message: 'must not be empty' }],
      });

    expect(() => query({ cursor: [''] }).one('cursor')).toThrow(refused('cursor'));
    expect(() => query({ limit: [''] }).integer('limit', { min: 1, max: 100 })).toThrow(refused('limit'));
    expect(() => query({ all: [''] }).word('all', ['true', 'false'])).toThrow(refused('all'));
    expect(query({}).one('cursor')).toBeUndefined();
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
