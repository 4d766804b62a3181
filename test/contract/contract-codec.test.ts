import fc from 'fast-check';
import protojson from 'protobufjs/ext/protojson.js';
import { describe, expect, it } from 'vitest';
import { InvalidMessageError, UnreadableMessageError } from '#contract';
import { openContract } from '#contract/contract-codec.ts';
import { protobuf } from '#contract/protobuf.ts';
import 'protobufjs/ext/descriptor.js';
import { ArbitraryBodies } from './support/arbitrary-body.ts';
import { compileProto, contractFrom, everything } from './support/compile-proto.ts';
import { onValues } from './support/json-codec.ts';

const contract = everything();
const codec = openContract(contract).request;
const request = onValues(codec);
const reference = protobuf.Root.fromDescriptor(contract.descriptorSet).lookupType(contract.requestMessage);
const bodies = new ArbitraryBodies(contract.descriptorSet).of(contract.requestMessage);

const problemsOf = (body: unknown) => problemsOfText(JSON.stringify(body));

const problemsOfText = (text: string): readonly (readonly [pointer: string, message: string])[] => {
  try {
    codec.fromJson(Buffer.from(text));
    return [];
  } catch (error) {
    if (!(error instanceof InvalidMessageError)) throw error;
    return error.errors.map(({ pointer, message }) => [pointer, message] as const);
  }
};

const pointersOf = (body: unknown): readonly string[] => problemsOf(body).map(([pointer]) => pointer);

describe('a valid body', () => {
  it.each([
    ...['int32', 'int64', 'uint32', 'uint64', 'sint32', 'sint64'],
    ...['fixed32', 'fixed64', 'sfixed32', 'sfixed64', 'bool', 'double'],
  ])('keeps long lists of %s, most of them of one digit', (type) => {
    const proto = `syntax = "proto3"; package a; message Lists { repeated ${type} packed = 1; repeated ${type} one_by_one = 2 [packed = false]; }`;
    const lists = onValues(openContract(contractFrom(compileProto({ 'a.proto': proto }), 'a.Lists')).request);
    const numbers = Array.from({ length: 3000 }, (_, i) => (i % 700 === 0 ? 12_345 : i % 10));
    const values = type === 'bool' ? numbers.map((each) => each > 4) : numbers;
    const read = type.endsWith('64') ? values.map(String) : values;

    expect(lists.toJson(lists.fromJson({ packed: values, one_by_one: values }))).toEqual({
      packed: read,
      one_by_one: read,
    });
  });

  it('is the same after a way there and back', () => {
    fc.assert(
      fc.property(bodies, (body) => {
        expect(request.toJson(request.fromJson(body))).toEqual(body);
      }),
      { numRuns: 150 },
    );
  });

  it('gives the same bytes as the reference, and under camelCase names', () => {
    fc.assert(
      fc.property(bodies, (body) => {
        const bytes = request.fromJson(body);
        const camelCase = protojson.toJson(reference, reference.decode(bytes));

        expect(Buffer.from(request.fromJson(camelCase)).equals(bytes)).toBe(true);
        expect(Buffer.from(reference.encode(protojson.fromJson(reference, body)).finish()).equals(bytes)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('has every field without presence filled in when nothing was sent', () => {
    const body = request.toJson(request.fromJson({})) as Record<string, unknown>;

    expect(body).toMatchObject({
      a_double: 0,
      an_int64: '0',
      a_bool: false,
      a_string: '',
      a_bytes: '',
      a_color: 'COLOR_UNSPECIFIED',
      many_strings: [],
      by_string: {},
      constructor: '',
      renamed: '',
    });
    expect(body).not.toHaveProperty('an_inner');
    expect(body).not.toHaveProperty('maybe_double');
    expect(body).not.toHaveProperty('text');
  });

  it.each([
    ['64-bit integers as numbers that are safe', { an_int64: 9007199254740991 }, { an_int64: '9007199254740991' }],
    ['integers in exponent form', { an_int32: '1e3', a_uint32: 2.0 }, { an_int32: 1000, a_uint32: 2 }],
    ['the far ends of the ranges', { an_int64: '-9223372036854775808', a_uint64: '18446744073709551615' }, undefined],
    ['URL-safe base64 without padding', { a_bytes: '-_8' }, { a_bytes: '+/8=' }],
    ['enums by number', { a_color: 2 }, { a_color: 'COLOR_GREEN' }],
    ['enum numbers that it does not know', { a_color: 77 }, undefined],
    ['json_name and original name', { otherwise: 'x' }, { renamed: 'x' }],
    [
      'null as "not set"',
      { a_string: null, many_strings: null, text: null, number: '5' },
      { a_string: '', number: '5' },
    ],
    ['null where it is a value', { dynamic_value: null, nothing: null }, undefined],
    ['floats in their shortest form', { a_float: 0.1 }, undefined],
    [
      'keys that mean something to JavaScript',
      JSON.parse('{"by_string": {"__proto__": "a", "constructor": "b"}}'),
      undefined,
    ],
    ['times with an offset', { at: '2026-01-31T12:00:00.5+02:00' }, { at: '2026-01-31T10:00:00.500Z' }],
  ])('may have %s', (_what, body, expected) => {
    const written = request.toJson(request.fromJson(body));

    expect(written).toMatchObject(expected ?? body);
    expect({}).not.toHaveProperty('a');
  });
});

describe('an invalid body', () => {
  it.each([
    ['an unknown field', { nope: 1 }, ['/nope']],
    [
      'names that every JavaScript object has',
      JSON.parse('{"__proto__": 1, "toString": "fine", "hasOwnProperty": 1}'),
      ['/__proto__', '/hasOwnProperty'],
    ],
    ['a body that is no object', [1], ['']],
    ['null for a body', null, ['']],
    [
      'a wrong type',
      { a_string: 5, a_bool: 'true', a_double: {}, an_inner: 'x', many_strings: 'x', by_string: [] },
      ['/a_string', '/a_bool', '/a_double', '/an_inner', '/many_strings', '/by_string'],
    ],
    [
      'integers out of range',
      { an_int32: 2147483648, a_uint32: -1, a_sint32: '-2147483649', a_uint64: '18446744073709551616' },
      ['/an_int32', '/a_uint32', '/a_sint32', '/a_uint64'],
    ],
    ['fractions for integers', { an_int32: 0.5, an_int64: '1.5' }, ['/an_int32', '/an_int64']],
    [
      'words for integers',
      { an_int32: 'NaN', an_int64: 'Infinity', a_uint32: ' 1', a_uint64: '' },
      ['/an_int32', '/an_int64', '/a_uint32', '/a_uint64'],
    ],
    ['numbers beyond their type', { a_float: 1e39, a_double: '1e999' }, ['/a_float', '/a_double']],
    ['half a surrogate pair', { a_string: '\ud800', by_string: { '\udc00': 'x' } }, ['/a_string', '/by_string/\udc00']],
    [
      'bad base64',
      { a_bytes: 'a', many_bytes: ['AAA=', 'A-+/', 'AA=A', 'A*==', 'AA='] },
      ['/a_bytes', '/many_bytes/1', '/many_bytes/2', '/many_bytes/3', '/many_bytes/4'],
    ],
    [
      'unknown enum names',
      { a_color: 'BLUE', many_colors: ['COLOR_RED', 'toString', 1.5, true] },
      ['/a_color', '/many_colors/1', '/many_colors/2', '/many_colors/3'],
    ],
    ['a field under both names', { aString: 'a', a_string: 'b' }, ['/a_string']],
    ['two members of a oneof', { text: 'a', color: 1 }, ['/color']],
    [
      'null in an array or a map',
      { many_strings: ['a', null], many_inners: [null], by_string: { k: null } },
      ['/many_strings/1', '/many_inners/0', '/by_string/k'],
    ],
    [
      'wrong map keys',
      { by_int32: { x: {} }, by_bool: { yes: 0 }, by_uint64: { '-1': '' }, by_int64: { 1: true, '01': true } },
      ['/by_int32/x', '/by_bool/yes', '/by_uint64/-1', '/by_int64/01'],
    ],
    ['keys that need escaping', { by_string: { 'a/b~c': 1 } }, ['/by_string/a~1b~0c']],
    [
      'times and durations that are none',
      { at: '2026-02-30T00:00:00Z', took: '5', many_times: ['2026-01-01T00:00:00Z', 5] },
      ['/at', '/took', '/many_times/1'],
    ],
    [
      'wrong field masks, structs and lists',
      { mask: 'a_b', dynamic_struct: [], dynamic_list: {} },
      ['/mask', '/dynamic_struct', '/dynamic_list'],
    ],
    [
      'wrong boxed values',
      { boxed_int32: 'x', boxed_bool: 1, boxed_int64: 2 ** 70 },
      ['/boxed_int32', '/boxed_bool', '/boxed_int64'],
    ],
    ['an Any of an unknown type', { anything: { '@type': 'example.com/nope', x: 1 } }, ['/anything/@type']],
    ['an Any without a type', { anything: { x: 1 } }, ['/anything/@type']],
    [
      'an Any with wrong content',
      { anything: { '@type': 'x/test.everything.Everything.Inner', depth: 'x', more: 1 } },
      ['/anything/depth', '/anything/more'],
    ],
    [
      'an Any of a well-known type without value',
      { anything: { '@type': 'x/google.protobuf.Duration' } },
      ['/anything/value'],
    ],
    ['an Empty with content', { empty: { x: 1 } }, ['/empty/x']],
    [
      'wrong things far inside',
      { by_int32: { 5: { next: { all: [{}, { a_bool: 1 }] } } } },
      ['/by_int32/5/next/all/1/a_bool'],
    ],
  ])('is refused for %s, each with its pointer', (_what, body, pointers) => {
    expect([...pointersOf(body)].sort()).toEqual([...pointers].sort());
  });

  it.each([
    ['messages', 'an_inner', '{"next":', '{}', '}'],
    ['dynamic objects', 'dynamic_value', '{"a":', '1', '}'],
    ['dynamic lists', 'dynamic_value', '[', '1', ']'],
  ])('is refused for %s nested without end', (_what, field, open, innermost, close) => {
    const value = open.repeat(200_000) + innermost + close.repeat(200_000);

    const problems = problemsOfText(`{"${field}":${value}}`);

    expect(problems).toEqual([[expect.stringContaining(`/${field}/`), expect.stringContaining('100 messages deep')]]);
  });

  it('may be nested as deep as it is allowed to, and comes back', () => {
    let value: unknown = 1;
    for (let i = 0; i < 32; i += 1) value = { a: value };

    expect(request.toJson(request.fromJson({ dynamic_value: value }))).toMatchObject({ dynamic_value: value });
  });

  it('is not read any further than to its hundredth problem', () => {
    const problems = problemsOf({ many_bools: Array(5000).fill('x') });

    expect(problems).toHaveLength(101);
    expect(problems[99]?.[0]).toBe('/many_bools/99');
    expect(problems.at(-1)).toEqual(['', 'There may be more: only the first 100 problems are listed.']);
  });

  it('is pointed into between runs of one-digit integers', () => {
    const numbers: unknown[] = Array.from({ length: 5000 }, (_, i) => i % 10);
    for (const i of [0, 1, 2500, 4999]) numbers[i] = 'x';

    const expected = ['0', '1', '2500', '4999'];
    expect(pointersOf({ many_int64s: numbers })).toEqual(expected.map((i) => `/many_int64s/${i}`));
    expect(pointersOf({ unpacked: numbers })).toEqual(expected.map((i) => `/unpacked/${i}`));
  });

  it('is pointed into as deep as a pointer may be long', () => {
    const key = 'k'.repeat(2000);

    expect(pointersOf({ by_string: { [key]: 1 }, a_bool: 1 })).toEqual(['/a_bool', '/by_string']);
  });

  it('is found wherever one place of a valid one is broken', () => {
    fc.assert(
      fc.property(bodies, fc.nat(), (body, choice) => {
        const places = placesIn(body, []).filter((path) => !path.some((key) => String(key).startsWith('dynamic')));
        const path = places[choice % places.length] ?? [];

        const pointers = pointersOf(broken(body, path));

        expect(pointers).toContain(
          path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('is refused exactly when the reference refuses it, save where we are stricter', () => {
    const stricter = /base64|messages deep|known type|in an Any has only/;
    fc.assert(
      fc.property(bodies, fc.nat(), fc.oneof(fc.jsonValue(), fc.constantFrom(...ODD)), (body, choice, junk) => {
        const places = placesIn(body, []);
        const mutated = replaced(body, places[choice % places.length] ?? [], junk);

        const problems = problemsOf(mutated);

        if (accepts(mutated)) expect(problems.filter(([, message]) => !stricter.test(message))).toEqual([]);
        else expect(problems).not.toEqual([]);
        for (const [pointer] of problems) expect(resolves(mutated, pointer)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

const ODD = [
  'NaN',
  '1.0',
  '+5',
  '-0',
  '1e2',
  '9007199254740993',
  2 ** 53,
  -1,
  1.5,
  1e40,
  '',
  'AA=',
  'COLOR_RED',
  '5s',
  null,
  {},
  [],
  [null],
];

const accepts = (body: unknown): boolean => {
  try {
    reference.encode(protojson.fromJson(reference, body)).finish();
    return true;
  } catch {
    return false;
  }
};

type Path = readonly (string | number)[];

function placesIn(value: unknown, path: Path): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inside = Object.entries(value).flatMap(([key, member]) => placesIn(member, [...path, key]));
  return [path, ...inside];
}

/** A value that no field takes that takes the one which is there. */
const broken = (body: unknown, path: Path): unknown => {
  const value = path.reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], body);
  if (Array.isArray(value)) return replaced(body, path, 'x');
  return replaced(body, path, typeof value === 'object' && value !== null ? 0.5 : [[]]);
};

function replaced(value: unknown, [key, ...rest]: Path, junk: unknown): unknown {
  if (key === undefined) return junk;
  const copy = structuredClone(value) as Record<string, unknown>;
  const inner = replaced(copy[key], rest, junk);
  Object.defineProperty(copy, key, { value: inner, enumerable: true, configurable: true, writable: true });
  return copy;
}

/** Whether the pointer leads to a place of the body, or to one that is missing there. */
function resolves(body: unknown, pointer: string): boolean {
  const path = pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  let value = body;
  for (const key of path.slice(0, -1)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return false;
    value = (value as Record<string, unknown>)[key];
  }
  return path.length === 0 || (typeof value === 'object' && value !== null);
}

describe('bytes', () => {
  it('come back the same through JSON', () => {
    fc.assert(
      fc.property(bodies, (body) => {
        const bytes = request.fromJson(body);

        expect(Buffer.from(request.fromJson(request.toJson(bytes))).equals(bytes)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('are read or refused as unreadable, whatever they are', () => {
    const valid = bodies.map((body) => request.fromJson(body));
    const cut = fc.tuple(valid, fc.nat(), fc.nat(255)).map(([bytes, at, byte]) => {
      const copy = Uint8Array.from(bytes);
      if (copy.length > 0) copy[at % copy.length] = byte;
      return byte % 2 === 0 ? copy : copy.subarray(0, at % (copy.length + 1));
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), cut), (bytes) => {
        try {
          request.check(bytes);
          request.toJson(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(UnreadableMessageError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('that are no message are refused by check and by toJson', () => {
    const garbage = Uint8Array.of(255, 255, 255);

    expect(() => request.check(garbage)).toThrow(UnreadableMessageError);
    expect(() => request.toJson(garbage)).toThrow(UnreadableMessageError);
  });

  it('with fields that are not known keep their known ones', () => {
    const small = onValues(
      openContract(
        contractFrom(
          compileProto({ 'a.proto': 'syntax = "proto3"; message Small { string a_string = 14; }' }),
          'Small',
        ),
      ).request,
    );

    expect(small.toJson(request.fromJson({ a_string: 'x', an_int32: 5 }))).toEqual({ a_string: 'x' });
  });
});

describe('a contract', () => {
  it.each([
    ['bytes that are no descriptor set', { ...contract, hash: 'a', descriptorSet: Uint8Array.of(1, 2, 3) }],
    ['a message that is not defined', { ...contract, hash: 'b', requestMessage: 'test.everything.Nothing' }],
    ['an enum for a message', { ...contract, hash: 'c', requestMessage: 'test.everything.Color' }],
    ['half a name', { ...contract, hash: 'd', requestMessage: 'Everything' }],
  ])('with %s is refused', (_what, malformed) => {
    expect(() => openContract(malformed)).toThrow(UnreadableMessageError);
  });

  it('is opened once', () => {
    expect(openContract(contract)).toBe(openContract({ ...contract }));
  });
});
