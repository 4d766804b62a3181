import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Contract, compareContracts, requestReading, UnreadableMessageError } from '#contract';
import { openContract } from '#contract/contract-codec.ts';
import { ArbitraryBodies } from './support/arbitrary-body.ts';
import { compileProto, contractFrom } from './support/compile-proto.ts';
import { onValues } from './support/json-codec.ts';
import { isLossless, requestType } from './support/lossless.ts';
import { anySchema, contractOfSchema } from './support/schema.ts';
import { COMPATIBLE, INCOMPATIBLE, someOf } from './support/schema-edits.ts';

const encodedRequests = (contract: Contract, count: number): readonly Uint8Array[] =>
  fc
    .sample(new ArbitraryBodies(contract.descriptorSet).of(contract.requestMessage), count)
    .map((body) => onValues(openContract(contract).request).fromJson(body));

const version = (fields: string, more = ''): Contract =>
  contractFrom(
    compileProto({ 'a.proto': `syntax = "proto3"; package a; message Request { ${fields} } ${more}` }),
    'a.Request',
  );

describe('requestReading', () => {
  it('says of every request of a newer contract exactly whether the older one loses something', () => {
    const seen = { read: 0, refused: 0 };
    fc.assert(
      fc.property(anySchema, someOf(COMPATIBLE), (before, edit) => {
        const [older, newer] = [contractOfSchema(before), contractOfSchema(edit(before))];
        const reading = requestReading(newer, older);
        for (const bytes of encodedRequests(newer, 5)) {
          const reads = reading.reads(bytes);

          expect(reads).toBe(isLossless(newer, older, bytes));
          expect(reads || reading.scope === 'some').toBe(true);
          seen[reads ? 'read' : 'refused']++;
        }
      }),
      { numRuns: 160 },
    );
    // Both answers are exercised.
    expect(Math.min(seen.read, seen.refused)).toBeGreaterThan(80);
  });

  it('lets a newer contract read every request of an older one that registration accepts before it', () => {
    fc.assert(
      fc.property(anySchema, someOf({ ...COMPATIBLE, ...INCOMPATIBLE }), (before, edit) => {
        const [older, newer] = [contractOfSchema(before), contractOfSchema(edit(before))];
        fc.pre(compareContracts(older, newer).length === 0);

        expect(requestReading(older, newer).scope).toBe('all');
        for (const bytes of encodedRequests(older, 4)) expect(isLossless(older, newer, bytes)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it('never passes a request that loses something, between any two contracts', () => {
    fc.assert(
      fc.property(anySchema, someOf({ ...COMPATIBLE, ...INCOMPATIBLE }), (before, edit) => {
        const [one, other] = [contractOfSchema(before), contractOfSchema(edit(before))];
        for (const [writer, reader] of [
          [one, other],
          [other, one],
        ] as const) {
          const reading = requestReading(writer, reader);
          for (const bytes of encodedRequests(writer, 3)) {
            if (reading.reads(bytes)) expect(isLossless(writer, reader, bytes)).toBe(true);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('passes damaged bytes only when decoding fails anyway or loses nothing', () => {
    const damage = fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(anySchema, someOf(COMPATIBLE), damage, (before, edit, changes) => {
        const [older, newer] = [contractOfSchema(before), contractOfSchema(edit(before))];
        for (const bytes of encodedRequests(newer, 3)) {
          for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
          if (!decodes(newer, bytes) || !decodes(older, bytes)) continue;

          if (requestReading(newer, older).reads(bytes)) expect(isLossless(newer, older, bytes)).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('orders contracts: what reads the one before also reads the one before that', () => {
    fc.assert(
      fc.property(anySchema, someOf(COMPATIBLE), someOf(COMPATIBLE), (first, edit, editAgain) => {
        const [a, b, c] = [first, edit(first), editAgain(edit(first))].map(contractOfSchema) as [
          Contract,
          Contract,
          Contract,
        ];
        fc.pre(compareContracts(a, b).length === 0 && compareContracts(b, c).length === 0);

        expect(compareContracts(a, c)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it('does not look at bytes when only comments and names differ', () => {
    const [older, newer] = [version('string text = 1;'), version('/* Any text. */ string words = 1;')];

    expect([requestReading(older, newer).scope, requestReading(newer, older).scope]).toEqual(['all', 'all']);
  });

  it('tells an explicit default from no value, where only one contract can', () => {
    const [older, newer] = [version('int32 count = 1;'), version('optional int32 count = 1;')];
    const { encode } = requestType(newer);
    const reading = requestReading(newer, older);

    expect([{}, { count: 5 }, { count: 0 }].map((each) => reading.reads(encode(each)))).toEqual([true, true, false]);
  });

  it('takes a default written out for a new field without presence for no value', () => {
    const [older, newer] = [version(''), version('int32 a = 1; double b = 2; string c = 3; sfixed64 d = 4;')];
    const reading = requestReading(newer, older);
    const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));

    expect(reading.reads(bytes('0800'))).toBe(true);
    expect(reading.reads(bytes('11000000000000000021000000000000000008001a00'))).toBe(true);
    expect(reading.reads(bytes('0880808000'))).toBe(true);
    // Negative zero is not the default.
    expect(reading.reads(bytes('110000000000000080'))).toBe(false);
    expect(reading.reads(bytes('1a0100'))).toBe(false);
  });

  it('finds what is new in packed lists, in values of maps and deep inside', () => {
    const more = (kind: string, leaf: string) => `enum Kind { KIND_UNSPECIFIED = 0; ${kind} } message Leaf { ${leaf} }`;
    const fields =
      'repeated Kind list = 1; map<string, Kind> kinds = 2; map<int32, Request> inside = 3; Leaf leaf = 4;';
    const older = version(fields, more('KIND_A = 1;', ''));
    const newer = version(fields, more('KIND_A = 1; KIND_B = 300;', 'oneof x { bool on = 1; }'));
    const { encode } = requestType(newer);
    const empty = { list: [], kinds: {}, inside: {} };
    const reading = requestReading(newer, older);
    const reads = (request: object) => reading.reads(encode({ ...empty, ...request }));

    expect(reads({ list: [1, 0, 1], kinds: { a: 1 }, inside: { 1: { ...empty, list: [1] } }, leaf: {} })).toBe(true);
    expect(reads({ list: [1, 300] })).toBe(false);
    expect(reads({ kinds: { a: 1, b: 300 } })).toBe(false);
    expect(reads({ inside: { 1: { ...empty, inside: { 2: { ...empty, leaf: { on: false } } } } } })).toBe(false);
  });

  it('finds what is new behind bytes that are no value of an enum', () => {
    const kinds = (more: string) => `enum Kind { KIND_UNSPECIFIED = 0; ${more} }`;
    const older = version('Kind kind = 1; map<string, Kind> kinds = 2;', kinds(''));
    const newer = version('Kind kind = 1; map<string, Kind> kinds = 2; int32 fresh = 3;', kinds('KIND_A = 1;'));
    const reading = requestReading(newer, older);
    const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));

    // A text in place of the kind, which every reader skips.
    expect(reading.reads(bytes('0a02ffff'))).toBe(true);
    expect(reading.reads(bytes('0a02ffff0801'))).toBe(false);
    expect(reading.reads(bytes('0a02ffff1805'))).toBe(false);
    expect(reading.reads(bytes('12041202ffff1805'))).toBe(false);
  });

  it('takes no stack for messages that are nested deeply', () => {
    const [older, newer] = [version('Request next = 1;'), version('Request next = 1; int32 fresh = 2;')];
    let bytes: Uint8Array = Uint8Array.of(0x10, 1);
    for (let depth = 0; depth < 20_000; depth++) bytes = Buffer.concat([lengthPrefix(bytes.length), bytes]);

    expect(requestReading(newer, older).reads(bytes)).toBe(false);
  });

  it('reads nothing of another message', () => {
    const contract = version('string text = 1;', 'message Other { string text = 1; }');
    const other = contractFrom(contract.descriptorSet, 'a.Other');

    expect(requestReading(contract, other)).toMatchObject({ scope: 'none' });
    expect(requestReading(contract, other).reads(new Uint8Array())).toBe(false);
  });

  it('refuses a contract that is malformed', () => {
    const contract = version('string text = 1;');
    const malformed = { ...contract, hash: 'x', descriptorSet: Uint8Array.of(10, 200, 1, 1) };

    expect(() => requestReading(malformed, contract)).toThrow(UnreadableMessageError);
  });
});

function decodes(contract: Contract, bytes: Uint8Array): boolean {
  try {
    requestType(contract).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Of field 1, a message. */
function lengthPrefix(length: number): Uint8Array {
  const bytes = [0x0a];
  for (let rest = length; ; rest >>>= 7) {
    bytes.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
    if (rest <= 0x7f) return Uint8Array.from(bytes);
  }
}
