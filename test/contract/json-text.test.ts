import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidMessageError, MessageLimitError, UnreadableMessageError } from '#contract';
import { openContract } from '#contract/contract-codec.ts';
import { readDouble } from '#contract/json/numbers.ts';
import { protobuf } from '#contract/protobuf.ts';
import 'protobufjs/ext/descriptor.js';
import { ArbitraryBodies } from './support/arbitrary-body.ts';
import { everything } from './support/compile-proto.ts';
import { onValues } from './support/json-codec.ts';

const contract = everything();
const { request } = openContract(contract);
const values = onValues(request);
const reference = protobuf.Root.fromDescriptor(contract.descriptorSet).lookupType(contract.requestMessage);
const bodies = new ArbitraryBodies(contract.descriptorSet).of(contract.requestMessage);

const encode = (text: string): Uint8Array => request.fromJson(Buffer.from(text));
const textOf = (bytes: Uint8Array): string => Buffer.concat(request.toJson(bytes)).toString();
const isTaken = (text: string): boolean => {
  try {
    encode(text);
    return true;
  } catch (error) {
    if (error instanceof InvalidMessageError) return false;
    throw error;
  }
};

describe('an integer of 64 bits', () => {
  const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const large = fc.oneof(
    int64,
    fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 1_000_000_000_000_000_000n),
  );

  it.each(['an_int64', 'a_sint64', 'a_sfixed64', 'boxed_int64'])('is exact without quotes in %s', (field) => {
    fc.assert(
      fc.property(large, (value) => {
        expect(values.toJson(encode(`{"${field}":${value}}`))).toMatchObject({ [field]: String(value) });
      }),
    );
  });

  it.each(['a_uint64', 'a_fixed64', 'boxed_uint64'])('is exact without quotes in %s', (field) => {
    fc.assert(
      fc.property(uint64, (value) => {
        expect(values.toJson(encode(`{"${field}":${value}}`))).toMatchObject({ [field]: String(value) });
      }),
    );
  });

  it('is exact in every form that is a whole number, and refused in every other', () => {
    const form = fc.tuple(fc.bigInt({ min: -(10n ** 22n), max: 10n ** 22n }), fc.integer({ min: -25, max: 25 }));
    fc.assert(
      fc.property(form, fc.boolean(), ([digits, exponent], isQuoted) => {
        const number = `${digits}e${exponent}`;
        const whole = exponent >= 0 || digits % 10n ** BigInt(-exponent) === 0n;
        const value = exponent >= 0 ? digits * 10n ** BigInt(exponent) : digits / 10n ** BigInt(-exponent);
        const fits = whole && value >= -(2n ** 63n) && value < 2n ** 63n;
        const text = `{"an_int64":${isQuoted ? `"${number}"` : number}}`;

        expect(isTaken(text)).toBe(fits);
        if (fits) expect(values.toJson(encode(text))).toMatchObject({ an_int64: String(value) });
      }),
      { numRuns: 1000 },
    );
  });

  it.each(['9223372036854775808', '-9223372036854775809', '1e19', '9223372036854775807.5', '1e999999999999'])(
    'is refused when it is %s',
    (number) => {
      expect(isTaken(`{"an_int64":${number}}`)).toBe(false);
    },
  );

  it.each(['"000000000000000000000000000000007"', '7.0000000000000000000000', '70000000000000000000000e-22', '"+7."'])(
    'is 7 when it is %s',
    (number) => {
      expect(values.toJson(encode(`{"an_int64":${number}}`))).toMatchObject({ an_int64: '7' });
    },
  );
});

describe('a double', () => {
  it('is the one that JavaScript reads', () => {
    const number = fc.tuple(fc.bigInt(), fc.option(fc.nat()), fc.option(fc.integer({ min: -330, max: 310 })));
    fc.assert(
      fc.property(number, ([whole, fraction, exponent]) => {
        const text = `${whole}${fraction === null ? '' : `.${fraction}`}${exponent === null ? '' : `e${exponent}`}`;

        expect(readDouble(Buffer.from(text), 0, text.length)).toBe(Number(text));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a string', () => {
  const anyEscape = (text: string, choices: readonly number[]): string =>
    [...text.split('')]
      .map((unit, i) =>
        choices[i % choices.length] === 0
          ? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
          : JSON.stringify(unit).slice(1, -1),
      )
      .join('');

  it('is the same however it is escaped, as a value, as a key and as bytes', () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 });
    fc.assert(
      fc.property(text, fc.array(fc.nat(1), { minLength: 1 }), (value, choices) => {
        const plain = JSON.stringify(value);
        const escaped = `"${anyEscape(value, choices)}"`;
        const base64 = Buffer.from(value).toString('base64');
        const body = (string: string, bytes: string) =>
          `{"a_string":${string},"by_string":{${string}:${string}},"dynamic_value":{${string}:[${string}]},"a_bytes":${bytes}}`;

        expect(encode(body(escaped, `"${anyEscape(base64, choices)}"`))).toEqual(encode(body(plain, `"${base64}"`)));
      }),
    );
  });

  it('is written as JSON.stringify writes it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (value) => {
        expect(textOf(values.fromJson({ a_string: value }))).toContain(`"a_string":${JSON.stringify(value)}`);
      }),
    );
  });
});

describe('the keys of a map', () => {
  it('give the same bytes in whatever order the integers among them come', () => {
    const keys = fc.uniqueArray(fc.oneof(fc.nat(), fc.integer(), fc.constantFrom(0, 2 ** 31 - 1)), { minLength: 1 });
    fc.assert(
      fc.property(keys, (all) => {
        const ordered = Object.keys(Object.fromEntries(all.map((key) => [key, 0])));
        const body = (order: readonly (number | string)[]) =>
          `{"by_int32":{${order.map((key) => `"${key}":{"depth":1}`).join()}},"dynamic_struct":{${order.map((key) => `"${key}":0`).join()}}}`;

        expect(encode(body(all))).toEqual(encode(body(ordered)));
      }),
    );
  });

  it('are told apart by what they mean', () => {
    expect(isTaken('{"by_int64":{"1":true,"2":true}}')).toBe(true);
    expect(() => encode('{"by_int64":{"1":true,"\\u0031":true}}')).toThrow(UnreadableMessageError);
    expect(isTaken('{"by_int64":{"00":true,"0":true}}')).toBe(false);
    expect(isTaken('{"by_int64":{"-0":true,"0":true}}')).toBe(false);
    expect(isTaken('{"by_int64":{"01":true,"2":true,"-1":true,"4294967297":true}}')).toBe(true);
    expect(() => encode('{"by_int64":{"001":true,"x":true,"02":true,"1":true,"2":true}}')).toThrow(
      expect.objectContaining({
        errors: [
          { pointer: '/by_int64/001', message: 'The same key as "1".' },
          { pointer: '/by_int64/x', message: 'The key must be an integer that fits int64.' },
          { pointer: '/by_int64/02', message: 'The same key as "2".' },
        ],
      }),
    );
  });

  it('may be many, of which a repeated one is found', () => {
    const many = Array.from({ length: 5000 }, (_, i) => `"${i.toString(36)}":""`);
    const twice = [...many, '"\\u0061\\u0061":""'];

    expect(encode(`{"by_string":{${many.join()}}}`).length).toBeGreaterThan(5000);
    expect(() => encode(`{"by_string":{${twice.join()}}}`)).toThrow(/the key "aa" is given twice/);
  });
});

describe('thousands of values', () => {
  const COUNT = 3000;
  const numbers = Array.from({ length: COUNT }, (_, i) => i);
  const members = numbers.map((i) => [`${COUNT - i}`, i] as const);

  it('are all read and written', () => {
    const body = {
      many_int64s: numbers.map(String),
      many_inners: numbers.map((depth) => ({ depth, all: [] })),
      by_string: Object.fromEntries(members.map(([key, i]) => [`${key} of ${COUNT}`, `${i}`])),
      dynamic_list: numbers,
      dynamic_struct: Object.fromEntries(members),
    };

    expect(values.toJson(values.fromJson(body))).toMatchObject(body);
  });

  it.each([
    ['many_int64s', `[${numbers.join()},"x"]`, `/many_int64s/${COUNT}`],
    ['dynamic_list', `[${numbers.join()},1e999]`, `/dynamic_list/${COUNT}`],
    ['by_int64', `{${members.map(([key]) => `"${key}":true`).join()},"x":true}`, '/by_int64/x'],
    ['dynamic_struct', `{${members.map(([key]) => `"${key}":0`).join()},"x":1e999}`, '/dynamic_struct/x'],
  ])('are all looked at: %s', (field, value, pointer) => {
    expect(() => encode(`{"${field}":${value}}`)).toThrow(
      expect.objectContaining({ errors: [expect.objectContaining({ pointer })] }),
    );
  });
});

describe('limits', () => {
  it('hold for the bytes that come of a text', () => {
    const text = Buffer.from(`{"many_doubles":[${Array(100).fill('1').join()}]}`);

    expect(request.fromJson(text, 804)).toHaveLength(804);
    expect(() => request.fromJson(text, 803)).toThrow(MessageLimitError);
  });

  it('hold for the text that comes of bytes', () => {
    const bytes = values.fromJson({ many_inners: Array(1000).fill({}) });

    expect(() => request.toJson(bytes, 10_000)).toThrow(MessageLimitError);
    expect(request.toJson(bytes, 100_000).length).toBeGreaterThan(0);
  });
});

describe('bytes', () => {
  it('of two messages in a row are both merged, as the reference merges them', () => {
    const noChoice = bodies.map((body) => {
      const { text, number, inner, color, nothing, wait, ...rest } = body as Record<string, unknown>;
      return rest;
    });
    fc.assert(
      fc.property(noChoice, noChoice, (first, second) => {
        const both = Buffer.concat([values.fromJson(first), values.fromJson(second)]);

        const merged = reference.encode(reference.decode(both)).finish();

        expect(values.toJson(both)).toEqual(values.toJson(merged));
      }),
      { numRuns: 100 },
    );
  });

  it('are taken exactly when the reference takes them', () => {
    const valid = bodies.map((body) => values.fromJson(body));
    const damaged = fc
      .tuple(valid, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }))
      .map(([bytes, edits]) => {
        const copy = Uint8Array.from(bytes);
        for (const [at, byte] of edits) if (copy.length > 0) copy[at % copy.length] = byte;
        return copy;
      });
    const takes = (read: (bytes: Uint8Array) => void, bytes: Uint8Array): boolean => {
      try {
        read(bytes);
        return true;
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(damaged, (bytes) => {
        expect(takes((all) => request.check(all), bytes)).toBe(
          takes((all) => reference.decode(Buffer.from(all)), bytes),
        );
      }),
      { numRuns: 1000 },
    );
  });

  it('of the keys of a map that come twice leave the last one', () => {
    const entry = (key: string, value: string) => values.fromJson({ by_string: { [key]: value } });
    const many = Array.from({ length: 50 }, (_, i) => entry(String(i % 20), String(i)));

    const { by_string } = values.toJson(Buffer.concat(many)) as { by_string: Record<string, string> };

    expect(by_string).toEqual(Object.fromEntries(Array.from({ length: 50 }, (_, i) => [String(i % 20), String(i)])));
    expect(textOf(Buffer.concat(many)).match(/"19":/g)).toHaveLength(1);
  });

  it('of members of a oneof leave the last one', () => {
    const both = Buffer.concat([values.fromJson({ text: 'a' }), values.fromJson({ number: '5' })]);

    expect(values.toJson(both)).toMatchObject({ number: '5' });
    expect(values.toJson(both)).not.toHaveProperty('text');
  });

  it('of an Any inside an Any are not followed without end', () => {
    const any = (inner: unknown) => ({ '@type': 'x/google.protobuf.Any', value: inner });
    let value: unknown = {};
    for (let i = 0; i < 40; i += 1) value = any(value);

    expect(values.toJson(values.fromJson({ anything: value }))).toMatchObject({ anything: value });
    const type = reference.root.lookupType('google.protobuf.Any');
    let bytes: Uint8Array = new Uint8Array();
    for (let i = 0; i < 300; i += 1) {
      bytes = type
        .encode({ type_url: 'x/google.protobuf.Any', typeUrl: 'x/google.protobuf.Any', value: bytes })
        .finish();
    }
    const message = reference.encode({ anything: type.decode(bytes) }).finish();
    expect(() => request.toJson(message)).toThrow(UnreadableMessageError);
  });
});
