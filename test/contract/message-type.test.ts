import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { embeddedFile, messageType, UnreadableMessageError } from '#contract';
import { openContract } from '#contract/contract-codec.ts';
import { ModelARequest, type ModelARequest$Init, Role } from '#proto/models/model_a.ts';
import { ModelBRequest } from '#proto/models/model_b.ts';
import { TaskEnvelope } from '#proto/modelyard/v1/task_envelope.ts';
import { ArbitraryBodies } from './support/arbitrary-body.ts';
import { everything } from './support/compile-proto.ts';
import { onValues } from './support/json-codec.ts';

const contract = everything();
const file = embeddedFile(Buffer.from(contract.descriptorSet).toString('base64'));
const Everything = messageType<Record<string, unknown>>(file, contract.requestMessage);
const request = onValues(openContract(contract).request);
const bytes = new ArbitraryBodies(contract.descriptorSet)
  .of(contract.requestMessage)
  .map((body) => request.fromJson(body));

describe('a generated message type', () => {
  it('decodes and encodes without changing the bytes', () => {
    fc.assert(
      fc.property(bytes, (original) => {
        const encoded = Everything.encode(Everything.decode(original));

        expect(request.toJson(encoded)).toEqual(request.toJson(original));
        expect(encoded.length).toBe(original.length);
      }),
      { numRuns: 150 },
    );
  });

  it('fills in defaults as own properties, and leaves out what is not set', () => {
    const message = TaskEnvelope.decode(new Uint8Array());

    expect({ ...message }).toStrictEqual({
      task_id: '',
      model: '',
      owner: '',
      descriptor_hash: '',
      deadline_unix_ms: 0n,
      submitted_unix_ms: 0n,
      request_hash: new Uint8Array(),
      round: 0,
      copy: 0,
      routing_key: '',
      priority: '',
      request_id: '',
    });
  });

  it('tells an optional field that is zero from one that is not set', () => {
    expect(ModelBRequest.decode(ModelBRequest.encode({ value: 1, delay_seconds: 0 }))).toEqual({
      value: 1,
      delay_seconds: 0,
    });
    expect(ModelBRequest.decode(ModelBRequest.encode({ value: 1 }))).toEqual({ value: 1 });
  });

  it('keeps 64-bit integers and bytes whole', () => {
    const message = {
      an_int64: -(2n ** 63n),
      a_uint64: 2n ** 64n - 1n,
      a_sint64: -1n,
      a_fixed64: 2n ** 63n,
      a_sfixed64: -(2n ** 62n),
      a_bytes: Uint8Array.of(0, 255),
      many_uint64s: [2n ** 64n - 1n, 0n],
      by_uint64: { '18446744073709551615': Uint8Array.of(1) },
      by_int64: { '-9223372036854775808': true },
      by_string: JSON.parse('{"__proto__": "x", "constructor": "y"}'),
    };

    const decoded = Everything.decode(Everything.encode(message));

    expect(decoded).toMatchObject(message);
    expect(decoded.a_bytes).toStrictEqual(Uint8Array.of(0, 255));
  });

  it.each([
    ['a field that it does not have', { nope: 1 }, 'has no field nope'],
    ['a number for text', { a_string: 5 }, '.a_string must be a string'],
    ['half a surrogate pair', { a_string: '\ud800' }, '.a_string must be a string of whole Unicode'],
    ['null', { a_string: null }, '.a_string must be'],
    ['an int32 out of range', { an_int32: 2 ** 31 }, '.an_int32 must be an integer that fits int32'],
    ['a fraction', { many_inners: [{}, { depth: 1.5 }] }, '.many_inners[1].depth must be an integer'],
    ['a number for a bigint', { an_int64: 5 }, '.an_int64 must be a bigint that fits int64'],
    ['a bigint out of range', { a_uint64: -1n }, '.a_uint64 must be a bigint that fits uint64'],
    ['a float out of range', { a_float: 1e39 }, '.a_float must be a number that fits float'],
    ['text for bytes', { a_bytes: 'x' }, '.a_bytes must be a Uint8Array'],
    ['an unknown name of an enum', { a_color: 'COLOR_NONE' }, '.a_color must be a value of Color, not "COLOR_NONE"'],
    ['an inherited name of an enum', { a_color: 'toString' }, '.a_color must be a value of Color, not "toString"'],
    ['a fraction for an enum', { a_color: 1.5 }, '.a_color must be an integer'],
    ['something else for an array', { many_strings: 'x' }, '.many_strings must be an array'],
    ['something else for a message', { an_inner: 'x' }, '.an_inner must be an object'],
    ['a wrong map key', { by_int32: { x: {} } }, '.by_int32 has the key "x"'],
    ['two members of a oneof', { text: 'a', number: 1n }, 'exclude each other'],
  ])('refuses to encode %s', (_what, message, reason) => {
    expect(() => Everything.encode(message)).toThrow(TypeError);
    expect(() => Everything.encode(message)).toThrow(reason);
  });

  it('takes the names of enums, alone, in lists and in nested messages', () => {
    const message: ModelARequest$Init = { messages: [{ role: 'ROLE_USER' }, { role: Role.ROLE_SYSTEM }] };

    const { messages } = ModelARequest.decode(ModelARequest.encode(message));
    const colors = Everything.decode(Everything.encode({ a_color: 'COLOR_RED', many_colors: ['COLOR_RED', 0] }));

    expect(messages.map(({ role }) => role)).toEqual([Role.ROLE_USER, Role.ROLE_SYSTEM]);
    expect(colors).toMatchObject({ a_color: 1, many_colors: [1, 0] });
  });

  it('refuses to encode an object that contains itself', () => {
    const message: Record<string, unknown> = { depth: 1 };
    message.next = message;

    expect(() => Everything.encode({ an_inner: message })).toThrow('is nested more than 100 messages deep');
  });

  it('reads or refuses whatever bytes there are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (random) => {
        try {
          Everything.decode(random);
        } catch (error) {
          expect(error).toBeInstanceOf(UnreadableMessageError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('reads bytes that lie inside a larger buffer', () => {
    const encoded = TaskEnvelope.encode({ task_id: 'x', request: Uint8Array.of(7) });
    const larger = new Uint8Array(encoded.length + 20);
    larger.set(encoded, 10);

    expect(TaskEnvelope.decode(larger.subarray(10, 10 + encoded.length))).toMatchObject({
      task_id: 'x',
      request: Uint8Array.of(7),
    });
  });
});
