import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseQuery } from '#gateway/bridge.ts';

describe('reading queries', () => {
  it('keeps repeated keys, decodes plus as a space and takes what has no value as empty', () => {
    expect(parseQuery('a=1&b=x+y&a=%2B%202&&c&=d&e=f=g')).toEqual([
      ['a', '1'],
      ['b', 'x y'],
      ['a', '+ 2'],
      ['c', ''],
      ['', 'd'],
      ['e', 'f=g'],
    ]);
  });

  it.each(['a=%', '%zz=1', 'a=%ff'])('refuses what cannot be decoded: %s', (query) => {
    expect(() => parseQuery(query)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });

  it('gives back whatever URLSearchParams wrote', () => {
    const text = fc.string({ unit: 'binary' }).filter((value) => value.isWellFormed());

    fc.assert(
      fc.property(fc.array(fc.tuple(text, text)), (entries) => {
        expect(parseQuery(new URLSearchParams(entries).toString())).toEqual(entries);
      }),
    );
  });
});
