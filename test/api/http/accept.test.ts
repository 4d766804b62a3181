import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JSON_TYPE, negotiate, PROTOBUF_TYPE, preferredType } from '#api/http/negotiation.ts';

const OFFERS = [JSON_TYPE, PROTOBUF_TYPE] as const;

describe('the Accept header', () => {
  it.each([
    ['is absent', undefined],
    ['is empty', ''],
    ['takes anything', '*/*'],
    ['is the lone star of old Java clients', 'text/html, image/gif, *; q=.2, */*; q=.2'],
    ['takes any application type', 'application/*'],
    ['names the type in another case', 'Application/JSON'],
    ['has parameters', 'application/json; charset=utf-8; q=0.8'],
    ['is what browsers send', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
    ['has a comma in a quoted parameter', 'text/plain; title="a, b; q=1", application/json'],
    ['has a member that cannot be read', 'json, ;;, application/json'],
  ])('gives JSON when it %s', (_, accept) => {
    expect(preferredType(accept, OFFERS)).toBe(JSON_TYPE);
  });

  it.each([
    ['alone', 'application/x-protobuf'],
    ['with the higher quality', 'application/json;q=0.5, application/x-protobuf'],
    ['while JSON is excluded', 'application/json;q=0, */*'],
    ['as more specific than a better-liked range', 'application/x-protobuf;q=0.9, application/json;q=0.3, */*;q=1'],
  ])('gives protobuf when it is asked for %s', (_, accept) => {
    expect(preferredType(accept, OFFERS)).toBe(PROTOBUF_TYPE);
  });

  it.each([
    'text/html',
    'application/json;q=0, application/x-protobuf;q=0.000',
    '*/*;q=0',
    'application/*;q=0',
    'image/*',
    'nonsense',
    'application/json;q=high',
    '*/json',
  ])('is refused with what is on offer: %s', (accept) => {
    expect(() => negotiate(accept, OFFERS)).toThrow(
      expect.objectContaining({
        code: 'not_acceptable',
        message: 'This answer is only available as application/json or application/x-protobuf.',
      }),
    );
  });

  it('never throws on anything that can be in a header', () => {
    fc.assert(
      fc.property(fc.string(), (accept) => {
        expect([...OFFERS, undefined]).toContain(preferredType(accept, OFFERS));
      }),
    );
  });

  it('takes the offer with the highest quality, the first of equals, and none of quality 0', () => {
    const quality = fc.integer({ min: 0, max: 1000 }).map((thousandths) => thousandths / 1000);

    fc.assert(
      fc.property(quality, quality, fc.boolean(), (json, protobuf, swapped) => {
        const members = [`${JSON_TYPE};q=${json}`, `${PROTOBUF_TYPE} ; q=${protobuf}`, 'text/html'];
        const accept = (swapped ? members.toReversed() : members).join(', ');

        const type = preferredType(accept, OFFERS);

        if (json === 0 && protobuf === 0) expect(type).toBeUndefined();
        else expect(type).toBe(json >= protobuf ? JSON_TYPE : PROTOBUF_TYPE);
      }),
    );
  });
});
