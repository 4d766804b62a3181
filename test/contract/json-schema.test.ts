import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contractOf, exampleOf, InvalidMessageError, jsonSchemaOf, schemaSetOf } from '#contract';
import { openContract } from '#contract/contract-codec.ts';
import { ModelARequest, ModelAResponse } from '#proto/models/model_a.ts';
import { ArbitraryBodies } from './support/arbitrary-body.ts';
import { compileProto, contractFrom, everything } from './support/compile-proto.ts';
import { onValues } from './support/json-codec.ts';

const contract = everything();
const request = onValues(openContract(contract).request);
const bodies = new ArbitraryBodies(contract.descriptorSet, { enumNumbers: false }).of(contract.requestMessage);

const ajv = new Ajv2020({
  strict: true,
  strictRequired: false,
  ownProperties: true,
  validateFormats: false,
  allErrors: true,
});
for (const format of ['int32', 'uint32', 'int64', 'uint64', 'float', 'double', 'date-time'])
  ajv.addFormat(format, true);

const validator = (side: 'request' | 'response') => {
  const validate = ajv.compile(jsonSchemaOf(contract, side));
  return (body: unknown) => (validate(body) ? [] : (validate.errors ?? []));
};
const [asRequest, asResponse] = [validator('request'), validator('response')];

describe('jsonSchemaOf', () => {
  it('takes every canonical body, as a request and as a response', () => {
    fc.assert(
      fc.property(bodies, (body) => {
        expect(asRequest(body)).toEqual([]);
        expect(asResponse(body)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it.each([
    ['an unknown field', { nope: 1 }],
    ['an unknown field inside', { an_inner: { nope: 1 } }],
    ['a wrong type', { a_string: 5 }],
    ['an integer out of range', { an_int32: 2 ** 31 }],
    ['a fraction', { a_uint32: 0.5 }],
    ['a word for a number', { a_double: 'many' }],
    ['an unknown enum name', { a_color: 'BLUE' }],
    ['two members of a oneof', { text: 'a', number: '1' }],
    ['bad base64', { a_bytes: '*' }],
    ['a wrong map key', { by_int32: { x: {} } }],
    ['a wrong map value', { by_string: { x: 1 } }],
    ['an element of a wrong type', { many_bools: [1] }],
  ])('refuses %s, as fromJson does', (_what, body) => {
    expect(asRequest(body)).not.toEqual([]);
    expect(() => request.fromJson(body)).toThrow(InvalidMessageError);
  });

  it('takes 64-bit integers as numbers in requests only', () => {
    expect(asRequest({ an_int64: 5, a_uint64: 5 })).toEqual([]);
    expect(asRequest({ an_int64: -(2 ** 60), a_uint64: 2 ** 60 })).toEqual([]);
    expect(asRequest({ a_uint64: -1 })).not.toEqual([]);
    expect(asResponse({ ...(exampleOf(contract, 'response') as object), an_int64: 5 })).not.toEqual([]);
  });

  it('requires of a response what is always there', () => {
    expect(asResponse({})).not.toEqual([]);
    expect(asResponse(request.toJson(new Uint8Array()))).toEqual([]);
  });

  it('tells what the comments of the .proto tell', () => {
    const { $defs, title } = jsonSchemaOf(contract, 'request') as {
      title: string;
      $defs: Record<string, Record<string, unknown>>;
    };
    const properties = $defs['test.everything.Everything']?.properties;

    expect(title).toBe('Everything');
    expect($defs['test.everything.Everything']?.description).toBe('One of everything that a message can hold.');
    expect(properties).toMatchObject({
      a_double: { description: 'A double. In metres.', default: 0 },
      a_string: { type: 'string', default: '' },
      many_strings: { type: 'array', items: { type: 'string' }, default: [] },
      a_bytes: { type: 'string', contentEncoding: 'base64' },
      a_color: { $ref: '#/$defs/test.everything.Color', default: 'COLOR_UNSPECIFIED' },
      constructor: { deprecated: true, description: 'Deprecated on purpose.' },
      text: { description: 'At most one of the fields of `choice` may be set.' },
      at: { format: 'date-time' },
    });
    expect($defs['test.everything.Color']).toEqual({
      type: 'string',
      title: 'Color',
      description: 'A colour.\n\n- `COLOR_UNSPECIFIED`: None.\n- `COLOR_RED`: Like blood.',
      enum: ['COLOR_UNSPECIFIED', 'COLOR_RED', 'COLOR_GREEN', 'COLOR_NEGATIVE'],
    });
  });

  it('gives its definitions with references of another kind', () => {
    const { root, definitions } = schemaSetOf(
      contractOf(ModelARequest, ModelAResponse),
      'request',
      '#/components/schemas/',
    );

    expect(root).toBe('models.model_a.ModelARequest');
    expect(Object.keys(definitions)).toEqual([
      'models.model_a.Context',
      'models.model_a.Message',
      'models.model_a.ModelARequest',
      'models.model_a.Role',
    ]);
    expect(definitions[root]).toMatchObject({
      properties: {
        context: {
          $ref: '#/components/schemas/models.model_a.Context',
          description: 'Where the conversation takes place.',
        },
      },
    });
  });
});

describe('exampleOf', () => {
  it('shows every field of a model, filled with defaults and sample texts', () => {
    expect(exampleOf(contractOf(ModelARequest, ModelAResponse), 'request')).toEqual({
      data: 'example',
      messages: [{ role: 'ROLE_UNSPECIFIED', text: 'example' }],
      context: { session_id: 'example', locale: 'example', attributes: { key: 'example' } },
    });
    expect(exampleOf(contractOf(ModelARequest, ModelAResponse), 'response')).toEqual({ message: 'example' });
  });

  it('is a valid body, and fits the schema', () => {
    const example = exampleOf(contract, 'request');

    expect(asRequest(example)).toEqual([]);
    expect(asResponse(example)).toEqual([]);
    expect(request.toJson(request.fromJson(example))).toEqual(example);
  });

  it('ends where types contain themselves', () => {
    const tree = contractFrom(
      compileProto({
        'a.proto':
          'syntax = "proto3"; message Tree { string name = 1; repeated Tree children = 2; map<string, Tree> named = 3; Tree one = 4; }',
      }),
      'Tree',
    );

    expect(exampleOf(tree, 'request')).toEqual({ name: 'example', children: [], named: {} });
  });
});
