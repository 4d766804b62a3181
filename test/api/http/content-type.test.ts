import { describe, expect, it } from 'vitest';
import { HeaderFields } from '#api/http/headers.ts';
import { bodyType, JSON_TYPE, PROTOBUF_TYPE } from '#api/http/negotiation.ts';

const contentType = (value: string) => new HeaderFields([['content-TYPE', value]]);

describe('the Content-Type of a submit', () => {
  it('is JSON when nothing is said', () => {
    expect(bodyType(new HeaderFields())).toBe(JSON_TYPE);
  });

  it.each([
    ['application/json', JSON_TYPE],
    ['Application/JSON; Charset=UTF-8', JSON_TYPE],
    ['application/json;charset="utf-8"', JSON_TYPE],
    ['application/json; profile="a,b"', JSON_TYPE],
    ['application/x-protobuf', PROTOBUF_TYPE],
    ['application/x-protobuf; messageType="x.Y"', PROTOBUF_TYPE],
  ])('may be %s', (value, type) => {
    expect(bodyType(contentType(value))).toBe(type);
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=latin1',
    'application/json; charset=utf-16',
    'application/json, application/x-protobuf',
    'application/jsonp',
    'application/problem+json',
    'json',
  ])('is refused when it is %s', (value) => {
    expect(() => bodyType(contentType(value))).toThrow(expect.objectContaining({ code: 'unsupported_media_type' }));
  });

  it.each(['gzip', 'br, identity', 'identity, deflate'])('is refused with a body encoded as %s', (encoding) => {
    const headers = new HeaderFields([['Content-Encoding', encoding]]);

    expect(() => bodyType(headers)).toThrow(expect.objectContaining({ code: 'unsupported_media_type' }));
  });

  it('may come with the identity encoding', () => {
    expect(bodyType(new HeaderFields([['content-encoding', 'Identity']]))).toBe(JSON_TYPE);
  });
});
