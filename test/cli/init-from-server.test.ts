import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manifestFault } from '#catalog/check-manifest.ts';
import { exampleRequest, protoText } from '../../lib/cli/init/draft.ts';
import { contractOfCog, contractOfPath, type OpenApiDocument } from '../../lib/cli/init/openapi-draft.ts';
import { servedContract } from '../../lib/cli/init/server-draft.ts';
import { containerDraft } from '../../lib/cli/init/templates.ts';

/** As FastAPI writes it for a model of pydantic with nested, optional and repeated parts. */
const schemas = {
  Customer: {
    type: 'object',
    required: ['name', 'orders', 'parent'],
    properties: {
      name: { type: 'string', description: 'Who it is.\nMore about it.' },
      age: { anyOf: [{ type: 'integer' }, { type: 'null' }] },
      orders: { type: 'array', items: { $ref: '#/components/schemas/Order' } },
      parent: { anyOf: [{ $ref: '#/components/schemas/Customer' }, { type: 'null' }] },
      scores: { type: 'object', additionalProperties: { type: 'number' } },
      plan: { enum: ['free', 'paid'] },
    },
  },
  Order: {
    type: 'object',
    required: ['id', 'total'],
    properties: { id: { type: 'integer', format: 'int64' }, total: { type: 'number' } },
  },
  Answer: { type: 'object', required: ['probability'], properties: { probability: { type: 'number' } } },
} as const;

const document = {
  paths: {
    '/predict': {
      post: {
        requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Customer' } } } },
        responses: {
          200: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Answer' } } } },
          422: { content: { 'application/json': { schema: { type: 'object' } } } },
        },
      },
    },
  },
  components: { schemas },
} as const satisfies OpenApiDocument;

const withRequest = (properties: object): OpenApiDocument => ({
  ...document,
  components: { schemas: { ...schemas, Customer: { type: 'object', properties } as never } },
});

describe('the contract of an OpenAPI document', () => {
  it('has the fields of the JSON, nested, repeated, optional and in maps', () => {
    const contract = contractOfPath(document, '/predict', 'churn');

    expect(protoText('churn', contract)).toBe(`syntax = "proto3";

package models.churn;

message ChurnRequest {
  // Who it is.
  string name = 1;
  // The field age.
  optional int32 age = 2;
  // The field orders.
  repeated Order orders = 3;
  // The field parent.
  Customer parent = 4;
  // The field scores.
  map<string, double> scores = 5;
  // The field plan.
  optional string plan = 6;
}

message ChurnResponse {
  // The field probability.
  double probability = 1;
}

message Order {
  // The field id.
  int64 id = 1;
  // The field total.
  double total = 2;
}

message Customer {
  // Who it is.
  string name = 1;
  // The field age.
  optional int32 age = 2;
  // The field orders.
  repeated Order orders = 3;
  // The field parent.
  Customer parent = 4;
  // The field scores.
  map<string, double> scores = 5;
  // The field plan.
  optional string plan = 6;
}
`);
  });

  it('has an example of finite depth although a message contains itself', () => {
    expect(JSON.parse(exampleRequest(contractOfPath(document, '/predict', 'churn')))).toEqual({
      name: 'example',
      orders: [],
    });
  });

  it.each([
    [{ rows: { type: 'array', items: { type: 'array', items: { type: 'number' } } } }, /^request\.rows\[\] of the/],
    [{ 'sepal length (cm)': { type: 'number' } }, /^The property request\.sepal length \(cm\) cannot be the name/],
    [{ any: {} }, /^request\.any of the OpenAPI document has no form/],
    [{ lost: { $ref: '#/components/schemas/Nowhere' } }, /refers to #\/components\/schemas\/Nowhere/],
    [{}, /^The request is not a JSON object/],
  ])('is refused in one sentence for %j', (properties, message) => {
    expect(() => contractOfPath(withRequest(properties), '/predict', 'churn')).toThrow(message);
  });

  it('is refused for a path that the server does not have', () => {
    expect(() => contractOfPath(document, '/score', 'churn')).toThrow('has no POST /score');
  });

  it('has one field for an output of Cog that is no object', () => {
    const components = { schemas: { Input: schemas.Order, Output: { type: 'array', items: { type: 'string' } } } };

    const { request, response } = contractOfCog({ components }, 'captions');

    expect(request.map(({ name }) => name)).toEqual(['id', 'total']);
    expect(response).toMatchObject([{ name: 'output', type: 'string', kind: 'repeated' }]);
  });
});

describe('the contract of a running server', () => {
  const pages: Readonly<Record<string, unknown>> = {
    '/openapi.json': document,
    '/v2/models/churn': {
      inputs: [{ name: '1st-value', datatype: 'FP64', shape: [-1, 3] }],
      outputs: [{ name: 'label', datatype: 'BYTES', shape: [-1, 1] }],
    },
    '/v2/models/odd': {
      inputs: [{ name: 'a', datatype: 'BF16', shape: [-1] }],
      outputs: [{ name: 'b', datatype: 'FP32', shape: [-1] }],
    },
    '/v2/models/bare': {},
  };
  const server = createServer(({ url = '' }, response) => {
    response.writeHead(url in pages ? 200 : 404).end(JSON.stringify(pages[url]));
  });
  let url = '';
  beforeAll(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  it('comes from the tensors of the Open Inference Protocol, with the names that differ in the manifest', async () => {
    const served = await servedContract('kserve', url, 'churn');
    const { contract } = served;

    expect(contract.request).toMatchObject([
      { name: 'tensor_1st_value', type: 'double', kind: 'repeated', shape: [3] },
    ]);
    expect(contract.response).toMatchObject([{ name: 'label', type: 'string', kind: 'single' }]);
    const described = { name: 'churn', description: 'Tells who leaves.' };
    const { files } = containerDraft(described, { protocol: 'kserve', ...served, image: 'churn:1' });
    const manifest = JSON.parse(files['manifest.json'] ?? '');
    expect(manifestFault(manifest, 'churn')).toBeUndefined();
    expect(manifest.tensors).toEqual({ inputs: { '1st-value': 'tensor_1st_value' } });
  });

  it('comes from its OpenAPI document', async () => {
    const { contract } = await servedContract('json', url, 'churn');

    expect(contract.response).toMatchObject([{ name: 'probability', type: 'double' }]);
  });

  it.each([
    ['kserve', 'other', /answers 404, so the contract cannot be read from it/],
    ['kserve', 'bare', /does not describe its tensors/],
    ['kserve', 'odd', /^The tensor a has the type BF16/],
    ['sagemaker', 'churn', /^A server of the protocol sagemaker does not describe its messages/],
  ])('is refused in one sentence: %s, %s', async (protocol, model, message) => {
    await expect(servedContract(protocol, url, model)).rejects.toThrow(message);
  });

  it('is refused in one sentence where nothing listens', async () => {
    await expect(servedContract('json', 'http://127.0.0.1:9', 'churn')).rejects.toThrow(/^Nothing answers at/);
  });
});
