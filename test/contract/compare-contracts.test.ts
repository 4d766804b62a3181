import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Contract, compareContracts, embeddedFile, messageType, UnreadableMessageError } from '#contract';
import { openContract } from '#contract/contract-codec.ts';
import { ArbitraryBodies } from './support/arbitrary-body.ts';
import { compileProto, contractFrom, everything } from './support/compile-proto.ts';
import { onValues } from './support/json-codec.ts';
import { anySchema, contractOfSchema, type Schema } from './support/schema.ts';
import { COMPATIBLE, INCOMPATIBLE, someOf } from './support/schema-edits.ts';

/** With every type in use, so that no edit goes unseen. */
const schema: fc.Arbitrary<Schema> = anySchema.map((each) => ({
  ...each,
  root: [
    ...each.root,
    { name: 'uses_child', number: 20, type: 'Child', shape: 'repeated' },
    { name: 'uses_kind', number: 21, type: 'Kind', shape: 'repeated' },
  ],
}));

const typeOf = ({ descriptorSet, requestMessage }: Contract) =>
  messageType<Record<string, unknown>>(embeddedFile(Buffer.from(descriptorSet).toString('base64')), requestMessage);

/** Whether random old bytes survive being read and written by the new contract. */
function expectNoLoss(before: Contract, after: Contract): void {
  const [old, fresh] = [typeOf(before), typeOf(after)];
  const bodies = new ArbitraryBodies(before.descriptorSet).of(before.requestMessage);
  for (const body of fc.sample(bodies, 5)) {
    const bytes = onValues(openContract(before).request).fromJson(body);

    const back = fresh.encode(fresh.decode(bytes));

    expect(old.decode(back)).toEqual(old.decode(bytes));
  }
}

describe('compareContracts', () => {
  it('lets every compatible change pass, after which old bytes survive', () => {
    fc.assert(
      fc.property(schema, someOf(COMPATIBLE), (before, edit) => {
        const [existing, candidate] = [contractOfSchema(before), contractOfSchema(edit(before))];

        expect(compareContracts(existing, candidate)).toEqual([]);
        expectNoLoss(existing, candidate);
      }),
      { numRuns: 150 },
    );
  });

  it.each(Object.keys(INCOMPATIBLE))('sees a contract that %s, whatever else changed', (name) => {
    fc.assert(
      fc.property(schema, someOf(COMPATIBLE), fc.nat(), (before, edit, pick) => {
        const broken = INCOMPATIBLE[name]?.(before, pick);
        fc.pre(broken !== undefined);

        const differences = compareContracts(contractOfSchema(before), contractOfSchema(keeping(edit(broken), broken)));

        expect(differences.length).toBeGreaterThan(0);
        for (const { path, message } of differences) {
          expect(path).toMatch(/^test\.(Root|Kind)\.\w+$/);
          expect(message).not.toBe('');
        }
      }),
      { numRuns: 40 },
    );
  });

  it('passes nothing after which old bytes lose something', () => {
    fc.assert(
      fc.property(schema, someOf({ ...COMPATIBLE, ...INCOMPATIBLE }), (before, edit) => {
        const [existing, candidate] = [contractOfSchema(before), contractOfSchema(edit(before))];

        if (compareContracts(existing, candidate).length === 0) expectNoLoss(existing, candidate);
      }),
      { numRuns: 200 },
    );
  });

  it('finds a contract with everything in it compatible with itself', () => {
    const contract = everything();

    expect(compareContracts(contract, { ...contract, hash: 'another' })).toEqual([]);
  });

  it('says where and what, also deep inside and in types that contain themselves', () => {
    const version = (inner: string) =>
      contractFrom(
        compileProto({
          'a.proto': `syntax = "proto3"; package a;
            message Tree { repeated Tree children = 1; map<string, Leaf> leaves = 2; }
            message Leaf { ${inner} Tree back = 9; }
            enum Kind { KIND_UNSPECIFIED = 0; KIND_A = 1; }
            enum Fewer { FEWER_UNSPECIFIED = 0; }`,
        }),
        'a.Tree',
      );
    const before = version(
      'string name = 1; Kind kind = 2; int32 gone = 3; map<int32, string> names = 4; oneof x { int32 p = 5; int32 q = 6; }',
    );
    const after = version(
      'int32 name = 1; Fewer kind = 2; map<int64, string> names = 4; oneof x { int32 p = 5; } oneof y { int32 q = 6; }',
    );

    expect(compareContracts(before, after)).toEqual([
      { path: 'a.Leaf.name', message: 'changed its type from string to int32' },
      { path: 'a.Kind.KIND_UNSPECIFIED', message: 'was renamed to FEWER_UNSPECIFIED, and clients see its name' },
      { path: 'a.Kind.KIND_A', message: 'was removed (it had the number 1)' },
      { path: 'a.Leaf.gone', message: 'was removed (it had the number 3)' },
      { path: 'a.Leaf.names', message: 'changed its type from map<int32, string> to map<int64, string>' },
      { path: 'a.Leaf.p', message: 'shares the oneof x with other fields than before' },
      { path: 'a.Leaf.q', message: 'shares the oneof y with other fields than before' },
    ]);
  });

  it('refuses other names, and fields that take what is reserved', () => {
    const version = (fields: string, value: string) =>
      contractFrom(
        compileProto({
          'a.proto': `syntax = "proto3"; package a;
            message One { reserved 4, 6 to 8; reserved "gone"; ${fields} }
            enum Kind { KIND_UNSPECIFIED = 0; ${value} = 1; }`.replace(
            fields.includes('back') ? /reserved .*"gone";/ : /^$/,
            '',
          ),
        }),
        'a.One',
      );
    const before = version('string score = 1; Kind kind = 2;', 'KIND_A');
    const after = version('string points = 1; Kind kind = 2; int32 back = 7; int32 gone = 9;', 'KIND_B');

    expect(compareContracts(before, after)).toEqual([
      { path: 'a.One.back', message: 'uses the number 7 or a name that is reserved' },
      { path: 'a.One.gone', message: 'uses the number 9 or a name that is reserved' },
      { path: 'a.One.score', message: 'was renamed to points, and clients see its name' },
      { path: 'a.Kind.KIND_A', message: 'was renamed to KIND_B, and clients see its name' },
    ]);
  });

  it('takes another message name, and a look-alike of a well-known type, for another contract', () => {
    const files = {
      'a.proto': `syntax = "proto3"; package a;
        import "google/protobuf/timestamp.proto";
        message One { google.protobuf.Timestamp at = 1; }
        message Two { Moment at = 1; }
        message Moment { int64 seconds = 1; int32 nanos = 2; }`,
    };
    const one = contractFrom(compileProto(files), 'a.One');

    expect(compareContracts(one, contractFrom(one.descriptorSet, 'a.Two', 'a.One'))).toEqual([
      { path: 'a.One', message: 'is the request message, but the other one is a.Two' },
    ]);
    const replaced = { 'a.proto': files['a.proto'].replace('{ google.protobuf.Timestamp at', '{ Moment at') };
    expect(compareContracts(one, contractFrom(compileProto(replaced), 'a.One'))).toEqual([
      { path: 'a.One.at', message: 'changed its type from google.protobuf.Timestamp to a.Moment' },
    ]);
  });

  it('refuses a contract that is malformed', () => {
    const contract = contractOfSchema(fc.sample(schema, 1)[0] as Schema);
    const malformed = { ...contract, hash: 'x', descriptorSet: Uint8Array.of(10, 200, 1, 1) };

    expect(() => compareContracts(contract, malformed)).toThrow(UnreadableMessageError);
  });
});

/** A compatible edit after an incompatible one could undo it: names and shapes stay as that one left them. */
const keeping = (edited: Schema, broken: Schema): Schema => ({
  ...edited,
  root: edited.root.map((field) => {
    const { name, shape } = broken.root.find(({ number }) => number === field.number) ?? field;
    return { ...field, name, shape };
  }),
  kind: edited.kind.map((value) => broken.kind.find(({ number }) => number === value.number) ?? value),
});
