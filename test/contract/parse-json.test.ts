import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UnreadableMessageError } from '#contract';
import { parseJson } from '#contract/json/scan-json.ts';

const parse = (text: string): unknown => parseJson(new TextEncoder().encode(text));

const faultOf = (bytes: Uint8Array): string => {
  try {
    parseJson(bytes);
  } catch (error) {
    if (error instanceof UnreadableMessageError) return error.message;
    throw error;
  }
  throw new Error('It was readable.');
};

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe('parseJson', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json(), fc.integer({ min: 0, max: 4 }), (json, indent) => {
        const text = JSON.stringify(JSON.parse(json), null, indent);

        expect(parse(text)).toEqual(JSON.parse(json));
      }),
    );
  });

  it.each([
    ['an empty body', '', 'line 1, column 1: expected a value, but the body ends here.'],
    ['only space', ' \n ', 'line 2, column 2: expected a value, but the body ends here.'],
    ['a truncated object', '{"a": 1,\n "b"', 'line 2, column 5: expected ":" after the key, but the body ends here.'],
    ['a truncated string', '{"a": "xy', 'line 1, column 10: the body ends inside a string.'],
    ['a truncated word', '[tru', 'line 1, column 2: expected a value or "]", but found "tru".'],
    ['NaN', '{"a": NaN}', 'line 1, column 7: expected a value, but found "NaN".'],
    ['-Infinity', '[-Infinity]', 'line 1, column 2: this number is malformed.'],
    ['a leading zero', '{"a": 01}', 'line 1, column 7: this number is malformed.'],
    ['a number without digits', '[1.]', 'line 1, column 2: this number is malformed.'],
    ['single quotes', "{'a': 1}", `line 1, column 2: expected a key in double quotes or "}", but found "'".`],
    ['a bare key', '{a: 1}', 'line 1, column 2: expected a key in double quotes or "}", but found "a".'],
    ['a trailing comma in an object', '{"a": 1,}', 'line 1, column 9: expected a key in double quotes, but found "}".'],
    ['a trailing comma in an array', '[1,]', 'line 1, column 4: expected a value, but found "]".'],
    ['a missing comma', '{"a": 1\n"b": 2}', 'line 2, column 1: expected "," or "}", but found "\\"".'],
    ['a missing comma in an array', '[1 2]', 'line 1, column 4: expected "," or "]", but found "2".'],
    ['something after the end', '{} x', 'line 1, column 4: expected the end of the body, but found "x".'],
    ['a comment', '{} // no', 'line 1, column 4: expected the end of the body, but found "/".'],
    ['a line break in a string', '{"a": "x\ny"}', 'line 1, column 9: a control character in a string must be escaped.'],
    ['a wrong escape', '["\\x41"]', 'line 1, column 3: this escape is not one of'],
    ['a short unicode escape', '["\\u12"]', 'line 1, column 3: this escape is not one of'],
    ['characters of two units before it', '["😀😀" x]', 'line 1, column 7: expected "," or "]", but found "x".'],
    [
      'a key given twice',
      '{"a": {"b": 1,\n  "\\u0062": 2}}',
      'line 2, column 3: the key "b" is given twice in the same object.',
    ],
    [
      '__proto__ given twice',
      '{"__proto__": 1, "__proto__": 2}',
      'line 1, column 18: the key "__proto__" is given twice',
    ],
  ])('says where it broke on %s', (_what, text, message) => {
    expect(faultOf(new TextEncoder().encode(text))).toContain(message);
  });

  it('takes the same key in different objects, and strings that look like keys', () => {
    const text = '{"a": {"a": "\\"a\\": \\\\"}, "b": [{"a": "x:"}, "a\\\\", "\\":"]}';

    expect(parse(text)).toEqual(JSON.parse(text));
  });

  it('says which byte is not UTF-8', () => {
    expect(faultOf(Uint8Array.of(0x22, 0x61, 0xff, 0x22))).toContain('byte 3 ');
    expect(faultOf(Uint8Array.of(0x22, 0xe2, 0x82))).toContain('byte 2 ');
  });

  it('agrees with JSON.parse on every damaged text', () => {
    const damaged = fc
      .tuple(
        fc.json(),
        fc.nat(),
        fc.constantFrom('', '"', '\\', ',', ':', '{', '}', '[', ']', '0', '-', '.', 'e', 'x', '\n', '\u0000'),
      )
      .map(
        ([json, at, insert]) =>
          json.slice(0, at % (json.length + 1)) + insert + json.slice((at % (json.length + 1)) + 1),
      );
    fc.assert(
      fc.property(damaged, (text) => {
        fc.pre(!isJson(text));

        expect(faultOf(new TextEncoder().encode(text))).toMatch(
          /^The body is not valid JSON: line \d+, column \d+: .+\.$/,
        );
      }),
      { numRuns: 1000 },
    );
  });

  it('is not broken by depth', () => {
    const open = '['.repeat(200_000);

    expect(faultOf(new TextEncoder().encode(open))).toContain('column 200001: expected a value or "]"');
  });
});
