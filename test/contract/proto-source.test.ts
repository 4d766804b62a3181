import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Contract, contractOf, protoFilesOf, protoSourceOf } from '#contract';
import { openContract } from '#contract/contract-codec.ts';
import { readDescriptorSet } from '#contract/descriptor/read.ts';
import { GdpGrowthRateRequest, GdpGrowthRateResponse } from '#proto/models/gdp_growth_rate.ts';
import { ModelARequest, ModelAResponse } from '#proto/models/model_a.ts';
import { ModelBRequest, ModelBResponse } from '#proto/models/model_b.ts';
import { compileProto, contractFrom, everything, inFolder } from './support/compile-proto.ts';
import { onValues } from './support/json-codec.ts';
import { anySchema, contractOfSchema } from './support/schema.ts';

/** What a descriptor set declares, without the serialized files themselves. */
const declarationsOf = (descriptorSet: Uint8Array) =>
  readDescriptorSet(descriptorSet)
    .filter(({ packageName }) => packageName !== 'google.protobuf')
    .map(({ path, packageName, messages, enums }) => ({ path, packageName, messages, enums }));

const expectSame = (contract: Contract): void => {
  const files = Object.fromEntries(protoFilesOf(contract));
  expect(declarationsOf(compileProto(files))).toEqual(declarationsOf(contract.descriptorSet));
};

const BUF = join(import.meta.dirname, '../../node_modules/.bin/buf');

describe('protoSourceOf', () => {
  it.each([
    ['models/model_a.proto', contractOf(ModelARequest, ModelAResponse)],
    ['models/model_b.proto', contractOf(ModelBRequest, ModelBResponse)],
    ['models/gdp_growth_rate.proto', contractOf(GdpGrowthRateRequest, GdpGrowthRateResponse)],
  ])('gives the file of a model as a compiler takes it: %s', (path, contract) => {
    const source = protoSourceOf(contract);

    expect(declarationsOf(compileProto({ [path]: source }))).toEqual(declarationsOf(contract.descriptorSet));
  });

  it('looks like what a person wrote', () => {
    const original = readFileSync(join(import.meta.dirname, '../../proto/models/gdp_growth_rate.proto'), 'utf8');

    expect(protoSourceOf(contractOf(GdpGrowthRateRequest, GdpGrowthRateResponse))).toBe(original);
  });

  it('declares the same for a file with everything in it', () => {
    expectSame(everything());
  });

  it('declares the same for names that hide each other, reserved numbers, aliases and several files', () => {
    const files = {
      'a/b.proto': `syntax = "proto3"; package a.b;
        import "a/c.proto";
        /* A block
           comment. */
        message Inner { string text = 1; /* Behind it. */ }
        message Outer {
          reserved 4, 6 to 9, 100 to max; reserved "old", "older";
          message Inner { int32 number = 1; .a.b.Inner other = 2; }
          message a { bool yes = 1; }
          Inner mine = 1; .a.b.Inner top = 2; .a.c.Far far = 3; a nested = 5;
          oneof empty_handed { string one = 10; }
        }
        enum Twice { option allow_alias = true; reserved -5 to -1, 7; TWICE_UNSPECIFIED = 0; TWICE_A = 1; TWICE_B = 1; }
        message Empty {}`,
      'a/c.proto': 'syntax = "proto3"; package a.c; message Far { Near near = 1; } message Near {}',
    };
    const contract = contractFrom(compileProto(files), 'a.b.Outer');

    expect([...protoFilesOf(contract).keys()]).toEqual(['a/b.proto', 'a/c.proto']);
    expectSame(contract);
  });

  it('declares the same for whatever schema there is', () => {
    fc.assert(
      fc.property(anySchema, (schema) => {
        expectOneofsTogether(contractOfSchema(schema));
      }),
      { numRuns: 25 },
    );
  });
});

/** A oneof is written in one place, so that its members may move together. */
function expectOneofsTogether(contract: Contract): void {
  const sorted = (descriptorSet: Uint8Array) =>
    declarationsOf(descriptorSet).map((file) => ({
      ...file,
      messages: file.messages.map((message) => ({
        ...message,
        // buf derives the JSON name, which the generated schemas take from the field.
        fields: [...message.fields].sort((a, b) => a.number - b.number),
      })),
    }));
  expect(sorted(compileProto(Object.fromEntries(protoFilesOf(contract))))).toEqual(sorted(contract.descriptorSet));
}

describe('the descriptor set of a contract', () => {
  it('is taken by buf, which reads and writes real messages with it', () => {
    const contract = contractOf(ModelARequest, ModelAResponse);
    const body = {
      data: 'example',
      messages: [{ role: 'ROLE_USER', text: 'héllo' }],
      context: { attributes: { a: 'b' } },
    };
    const request = onValues(openContract(contract).request);

    const [back, built] = inFolder((folder) => {
      writeFileSync(join(folder, 'set.binpb'), contract.descriptorSet);
      writeFileSync(join(folder, 'message.binpb'), request.fromJson(body));
      const run = (...args: string[]) => execFileSync(BUF, args, { cwd: folder, encoding: 'utf8' });
      const json = run(
        'convert',
        'set.binpb',
        `--type=${contract.requestMessage}`,
        '--from=message.binpb',
        '--to=-#format=json',
      );
      run('build', 'set.binpb#format=binpb', '--output=built.json');
      return [JSON.parse(json) as unknown, readFileSync(join(folder, 'built.json'), 'utf8')];
    });

    expect(back).toEqual(body);
    expect(built).toContain('The conversation so far, oldest message first.');
  });
});
