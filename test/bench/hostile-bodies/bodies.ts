import { openContract } from '#contract/contract-codec.ts';
import { MAX_PAYLOAD_BYTES } from '#core';
import { everything } from '#test/contract/support/compile-proto.ts';

/** A body that costs as much as its sender can make it cost. */
export interface HostileBody {
  readonly name: string;
  readonly type: 'application/json' | 'application/x-protobuf';
  readonly bytes: () => Uint8Array;
}

/** As many units as a body may have between a head and a tail. */
function filled(head: string, unit: string | ((i: number) => string), tail: string, separator = ','): Buffer {
  const parts = [head];
  let length = head.length + tail.length;
  for (let i = 0; ; i += 1) {
    const next = `${i === 0 ? '' : separator}${typeof unit === 'string' ? unit : unit(i)}`;
    if (length + next.length > MAX_PAYLOAD_BYTES) break;
    parts.push(next);
    length += next.length;
  }
  return Buffer.from([...parts, tail].join(''));
}

const elements = (field: string, unit: string, last: string) => () => filled(`{"${field}":[`, unit, `,${last}]}`);
const members =
  (field: string, unit: (i: number) => string, last = '') =>
  () =>
    filled(`{"${field}":{`, unit, `${last}}}`);
const text = (head: string, unit: string, tail: string) => () => filled(head, unit, tail, '');
const nested = (head: string, open: string, close: string, tail: string) => () => {
  const depth = Math.floor((MAX_PAYLOAD_BYTES - head.length - tail.length) / (open.length + close.length));
  return Buffer.from(head + open.repeat(depth) + close.repeat(depth) + tail);
};

/** Name, then how to make it. Most are refused for their last byte, when everything else has been read. */
const JSON_BODIES: Readonly<Record<string, () => Uint8Array>> = {
  'attributes, accepted': members('by_string', (i) => `"k${i}":"v"`),
  'attributes, the last one wrong': members('by_string', (i) => `"k${i}":"v"`, ',"x":1'),
  'attributes, the last one repeated': members('by_string', (i) => `"k${i}":"v"`, ',"k0":"v"'),
  'short keys': members('by_string', (i) => `"${i.toString(36)}":""`, ',"-":1'),
  'short keys in no order': members(
    'by_string',
    (i) => `"${(Math.imul(i, 0x9e37_79b1) >>> 0).toString(36)}":""`,
    ',"-":1',
  ),
  'escaped keys': members('by_string', (i) => `"\\u0061${i.toString(36)}":""`, ',"-":1'),
  'integer keys, descending': members('by_int64', (i) => `"${2_000_000 - i}":true`, ',"-":1'),
  'integer keys in no order': members('by_int64', (i) => `"${Math.imul(i, 0x9e37_79b1) >>> 0}":true`, ',"-":1'),
  'integer keys in longer forms': members('by_int64', (i) => `"0${i}":true`, ',"-":1'),
  'unknown fields': () => filled('{', (i) => `"${i.toString(36)}":0`, '}'),
  'zeros for messages': elements('many_inners', '0', '0'),
  'empty messages, accepted': elements('many_inners', '{}', '{}'),
  'empty messages': elements('many_inners', '{}', '0'),
  'small messages': elements('many_inners', '{"depth":1}', '0'),
  'fields in the wrong order': elements('many_inners', '{"next":{},"depth":1}', '0'),
  'one long key': text('{"by_string":{"', 'k', '":1}}'),
  'one long string': text('{"a_string":"', 'x', '","a_bool":1}'),
  'one string of escapes': text('{"a_string":"', '\\u00e9', '","a_bool":1}'),
  'one string of two-byte characters': text('{"a_string":"', 'é', '","a_bool":1}'),
  '9.5 MB of digits in quotes': text('{"an_int64":"', '9', '"}'),
  'digits without quotes': text('{"an_int64":', '9', '}'),
  'digits for a double': text('{"a_double":', '9', '}'),
  'zeros before a fraction': text('{"an_int64":"', '0', '1.5"}'),
  'base64, the last letter wrong': text('{"a_bytes":"', 'A', '*"}'),
  'space only': text('', ' ', ''),
  'open arrays': text('', '[', ''),
  'nested arrays': nested('{"dynamic_value":', '[', ']', '}'),
  'nested objects': nested('{"dynamic_value":', '{"a":', '}', '}'),
  'nested arrays in an unknown field': nested('{"x":', '[', ']', '}'),
  booleans: elements('many_bools', 'true', '0'),
  'int32, not packed': elements('unpacked', '0', '""'),
  'int64 as one digit': elements('many_int64s', '1', '""'),
  'int64 in quotes': elements('many_int64s', '"1"', '""'),
  'the largest int64': elements('many_int64s', '9223372036854775807', '""'),
  'int64 with exponents': elements('many_int64s', '"1e18"', '""'),
  'uint64, the largest': elements('many_uint64s', '18446744073709551615', '""'),
  'doubles, accepted': elements('many_doubles', '1.5', '1.5'),
  doubles: elements('many_doubles', '1.5', '""'),
  'doubles of 17 digits': elements('many_doubles', '0.12345678901234567', '""'),
  floats: elements('many_floats', '0.1', '""'),
  'empty strings': elements('many_strings', '""', '0'),
  'short strings': elements('many_strings', '"abc"', '0'),
  'bytes as base64': elements('many_bytes', '"AA=="', '0'),
  enums: elements('many_colors', '"COLOR_RED"', '"x"'),
  times: elements('many_times', '"2026-01-01T00:00:00Z"', '0'),
  'a field mask of commas': text('{"mask":"', ',', '"}'),
  'a list of numbers': elements('dynamic_list', '10', '1e999'),
  'a list of lists': elements('dynamic_list', '[]', '1e999'),
  'a list of objects': elements('dynamic_list', '{}', '1e999'),
  'a struct of integer keys': members('dynamic_struct', (i) => `"${1_700_000 - i}":0`, ',"-":1e999'),
  'a struct of integer keys in no order': members(
    'dynamic_struct',
    (i) => `"${Math.imul(i, 0x9e37_79b1) >>> 0}":0`,
    ',"-":1e999',
  ),
  'an Any in an Any': () => {
    const open = '{"@type":"x/google.protobuf.Any","value":';
    const inner = filled('{"@type":"x/test.everything.Everything","many_bools":[', 'true', ']}').subarray(0, -5000);
    const body = `${inner.toString().replace(/,[^,]*$/, '')}]}`;
    return Buffer.from(`{"anything":${open.repeat(40)}${body}${'}'.repeat(40)},"a_bool":1}`);
  },
};

const { request } = openContract(everything());
const encoded = (json: string): Uint8Array => request.fromJson(Buffer.from(json));

/** As many times the same field as a body may have, and what comes behind them. */
function repeated(json: string, last: Uint8Array = new Uint8Array()): Uint8Array {
  const unit = encoded(json);
  const count = Math.floor((MAX_PAYLOAD_BYTES - last.length) / unit.length);
  const bytes = new Uint8Array(count * unit.length + last.length);
  for (let i = 0; i < count; i += 1) bytes.set(unit, i * unit.length);
  bytes.set(last, count * unit.length);
  return bytes;
}

/** A field that ends too early. */
const CUT = Uint8Array.of(0x0a, 0x7f);

const PROTOBUF_BODIES: Readonly<Record<string, () => Uint8Array>> = {
  'empty messages': () => repeated('{"many_inners":[{}]}'),
  'empty messages, cut': () => repeated('{"many_inners":[{}]}', CUT),
  'one message in millions of parts': () => repeated('{"an_inner":{}}'),
  'attributes, cut': () => repeated('{"by_string":{"key":"v"}}', CUT),
  'empty strings, cut': () => repeated('{"many_strings":[""]}', CUT),
  'booleans one by one, cut': () => repeated('{"many_bools":[true]}', CUT),
  'int32, not packed, cut': () => repeated('{"unpacked":[1]}', CUT),
  'doubles, packed': () =>
    request.fromJson(filled('{"many_doubles":[', '1.5', ']}').subarray()).subarray(0, MAX_PAYLOAD_BYTES),
  'lists in lists, cut': () => repeated('{"dynamic_value":[[[[[[[[[[]]]]]]]]]]}', CUT),
  'times, cut': () => repeated('{"many_times":["2026-01-01T00:00:00Z"]}', CUT),
  'open groups': () => new Uint8Array(MAX_PAYLOAD_BYTES).fill(0x0b),
  // Field 1023 as a number: three bytes each.
  'unknown fields': () => new Uint8Array(MAX_PAYLOAD_BYTES).map((_, i) => [0xf8, 0x3f, 0][i % 3] ?? 0),
};

export const HOSTILE_BODIES: readonly HostileBody[] = [
  ...Object.entries(JSON_BODIES).map(([name, bytes]) => ({ name, type: 'application/json', bytes }) as const),
  ...Object.entries(PROTOBUF_BODIES).map(([name, bytes]) => ({ name, type: 'application/x-protobuf', bytes }) as const),
];

/** Results of nearly ten megabytes that are asked for as JSON. */
export const HOSTILE_RESULTS: Readonly<Record<string, () => Uint8Array>> = {
  // Escapes make the JSON longer than the protobuf, which may not be larger than a body either.
  attributes: () => request.fromJson(filled('{"by_string":{', (i) => `"k${i}":"value\\n\\n"`, '}}')),
  // Chosen for a hash without a secret.
  'integer keys with one exclusive or': () =>
    request.fromJson(
      filled('{"by_int64":{', (i) => `"${(BigInt(i) << 32n) | BigInt(Math.imul(i, 0x9e37_79b1) >>> 0)}":true`, '}}'),
    ),
  strings: () => repeated('{"many_strings":["abc"]}'),
  'one long string': () => encoded(`{"a_string":"${'x'.repeat(MAX_PAYLOAD_BYTES - 100)}"}`),
  'one string of control characters': () => encoded(`{"a_string":"${'\\u0001'.repeat(MAX_PAYLOAD_BYTES - 100)}"}`),
  'one long bytes': () => encoded(`{"a_bytes":"${'AAAA'.repeat((MAX_PAYLOAD_BYTES - 100) / 3)}"}`),
  booleans: () => encoded(`{"many_bools":[${'true,'.repeat(MAX_PAYLOAD_BYTES - 100)}true]}`),
  int64: () => encoded(`{"many_int64s":[${'"1",'.repeat(MAX_PAYLOAD_BYTES - 100)}"1"]}`),
  doubles: () => encoded(`{"many_doubles":[${'0.12345678901234567,'.repeat((MAX_PAYLOAD_BYTES - 100) / 8)}1]}`),
  floats: () => encoded(`{"many_floats":[${'0.1,'.repeat((MAX_PAYLOAD_BYTES - 100) / 4)}1]}`),
  'empty messages': () => repeated('{"many_inners":[{}]}'),
  'one message in millions of parts': () => repeated('{"an_inner":{}}'),
  'lists in lists': () => repeated('{"dynamic_list":[[[[[]]]]]}'),
};
