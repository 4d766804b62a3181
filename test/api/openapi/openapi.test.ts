import { createConfig, lintFromString } from '@redocly/openapi-core';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { type DocumentedModel, jsonOnly, openApiDocument, ROUTES } from '#api';
import { CORS_REQUEST_HEADERS } from '#api/http/headers.ts';
import { LIFECYCLE_ROUTES } from '#api/http/lifecycle-routes.ts';
import { LIFECYCLE_BODIES } from '#api/openapi/lifecycle-bodies.ts';
import { type Contract, contractOf, loadContract } from '#contract';
import { DEFAULT_RULE, presentRule } from '#core';
import { readDeployOrder } from '#lifecycle/serving/deploy-order.ts';
import { GdpGrowthRateRequest, GdpGrowthRateResponse } from '#proto/models/gdp_growth_rate.ts';
import { ModelARequest, ModelAResponse } from '#proto/models/model_a.ts';
import { ModelBRequest, ModelBResponse } from '#proto/models/model_b.ts';
import { aModel } from '#test/support/registry.ts';
import { compileProto, contractFrom, everything } from '../../contract/support/compile-proto.ts';

type Json = Record<string, unknown>;
type Operation = Json & { operationId: string; tags: string[]; responses: Json };

const documented = (name: string, descriptor: Contract): DocumentedModel => ({
  model: aModel({ name, description: `The model ${name}.` }),
  contract: descriptor,
  descriptor,
});

const MODELS = [
  documented('everything', everything()),
  documented('gdp_growth_rate', contractOf(GdpGrowthRateRequest, GdpGrowthRateResponse)),
  documented('model_a', contractOf(ModelARequest, ModelAResponse)),
  documented('model_b', contractOf(ModelBRequest, ModelBResponse)),
];

const lint = async (document: unknown) => {
  const config = await createConfig({ extends: ['recommended-strict'] });
  const problems = await lintFromString({ source: JSON.stringify(document), config });
  return problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer}`);
};

/** The value at a `$ref`, or a path of keys. */
const at = (document: unknown, ...keys: readonly string[]): Json =>
  keys.reduce((value, key) => (value as Json)[key], document) as Json;

const operations = (document: Json): readonly (readonly [string, Operation])[] =>
  Object.entries(document.paths as Record<string, Record<string, Operation>>).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
  );

const document = openApiDocument(MODELS);

describe('the OpenAPI document', () => {
  it.each([
    ['of every kind of model', MODELS],
    ['of no model', []],
  ])('%s passes a strict linter without a word', async (_, models) => {
    expect(await lint(openApiDocument(models))).toEqual([]);
  });

  it('would not, were it not an OpenAPI document in every detail', async () => {
    const broken = structuredClone(document);
    const operation = at(broken, 'paths', '/predict/model_b', 'post');
    operation.operationId = 'get_task';
    Object.assign(at(operation, 'requestBody', 'content', 'application/json'), { example: { value: 'seven' } });

    const rules = (await lint(broken)).map((problem) => problem.split(':')[0]);

    expect(rules).toEqual(expect.arrayContaining(['operation-operationId-unique', 'no-invalid-media-type-examples']));
  });

  it('has every route of the table and no other', () => {
    const expected = ROUTES.flatMap(({ method, path, handler }) =>
      handler === 'submit-task'
        ? MODELS.map(({ model }) => `${method} ${path.replace('{model}', model.name)}`)
        : [`${method} ${path}`],
    );

    expect(
      operations(document)
        .map(([key]) => key)
        .toSorted(),
    ).toEqual(expected.toSorted());
  });

  it('has two paths for each model, below a tag of its own', () => {
    for (const { model } of MODELS) {
      const own = operations(document).filter(([, { tags }]) => tags.includes(model.name));

      expect(own.map(([key]) => key)).toEqual([`POST /models/${model.name}/tasks`, `POST /predict/${model.name}`]);
      expect(document.tags).toContainEqual({ name: model.name, description: model.description });
    }
  });

  it('gives examples that the models can be sent', async () => {
    for (const { model, descriptor } of MODELS) {
      const body = at(
        document,
        'paths',
        `/predict/${model.name}`,
        'post',
        'requestBody',
        'content',
        'application/json',
      );

      const { request } = await loadContract(descriptor);
      expect(() => request.fromJson(Buffer.from(JSON.stringify(body.example)))).not.toThrow();
    }
    expect(
      at(document, 'paths', '/predict/model_a', 'post', 'requestBody', 'content', 'application/json', 'example'),
    ).toEqual(expect.objectContaining({ data: 'example' }));
  });

  it('takes JSON and protobuf, and tells which headers are understood', () => {
    const operation = at(document, 'paths', '/predict/model_a', 'post');
    const namesOf = ({ parameters }: Json) =>
      (parameters as { $ref?: string }[]).flatMap(({ $ref }) =>
        $ref === undefined ? [] : [String(at(document, ...$ref.slice(2).split('/')).name)],
      );
    const names = namesOf(operation);

    expect(Object.keys(at(operation, 'requestBody', 'content'))).toEqual([
      'application/json',
      'application/x-protobuf',
    ]);
    expect(names).toEqual([
      'Prefer',
      'Idempotency-Key',
      'Routing-Key',
      'Task-Priority',
      'Task-Deadline',
      'Task-Timeout',
      'Webhook-Url',
      'Webhook-Events',
      'traceparent',
      'tracestate',
    ]);
    expect(namesOf(at(document, 'paths', '/models/{model}/batches', 'post'))).toEqual(names);
    expect(namesOf(at(document, 'paths', '/models/{model}/uploads/{id}/tasks', 'post'))).toEqual(
      names.filter((name) => name !== 'Idempotency-Key'),
    );
    expect(Object.keys(at(operation, 'responses')).map(Number)).toEqual([
      200, 202, 400, 401, 403, 404, 406, 413, 415, 422, 429, 500, 502, 503, 504,
    ]);
  });

  it('describes messages as their .proto does', () => {
    const schemas = at(document, 'components', 'schemas');
    const input = at(schemas, 'everything.test.everything.Everything-Input', 'properties');

    expect(at(schemas, 'gdp_growth_rate.GdpGrowthRateRequest', 'properties', 'unemployment_rate').description).toBe(
      'Share of the labour force without work, in percent: 5.2 means 5.2 %.',
    );
    expect(input.a_bytes).toMatchObject({ type: 'string', contentEncoding: 'base64' });
    expect(at(schemas, 'everything.test.everything.Everything-Output', 'properties').an_int64).toMatchObject({
      type: 'string',
      format: 'int64',
    });
    expect(input.an_inner).toEqual({ $ref: '#/components/schemas/everything.test.everything.Everything.Inner-Input' });
    expect(at(input, 'by_int32').additionalProperties).toEqual(input.an_inner);
    expect(at(input, 'many_colors').items).toEqual({ $ref: '#/components/schemas/everything.test.everything.Color' });
    expect(at(schemas, 'everything.test.everything.Color').enum).toContain('COLOR_RED');
  });

  it('keeps types of different models apart that have the same name', () => {
    const shared = (field: string) =>
      contractFrom(
        compileProto({
          'a.proto': `syntax = "proto3"; package shared; message Q { string ${field} = 1; } message R {}`,
        }),
        'shared.Q',
        'shared.R',
      );

    const schemas = at(
      openApiDocument([documented('one', shared('left')), documented('two', shared('right'))]),
      'components',
      'schemas',
    );

    expect(Object.keys(at(schemas, 'one.shared.Q', 'properties'))).toEqual(['left']);
    expect(Object.keys(at(schemas, 'two.shared.Q', 'properties'))).toEqual(['right']);
  });

  it('speaks of no header that pages of other origins may not send', () => {
    const named = [...JSON.stringify(document).matchAll(/"name":"([^"]+)","in":"header"/g)].map(([, name]) => name);

    expect(named).toContain('Idempotency-Key');
    expect(named.filter((name) => !CORS_REQUEST_HEADERS.some((known) => known === name))).toEqual([]);
  });

  it('names what it describes the same, whoever else is registered', () => {
    const alone = openApiDocument(MODELS.slice(2, 3));

    for (const path of ['/predict/model_a', '/models/model_a/tasks']) {
      expect(at(alone, 'paths', path)).toEqual(at(document, 'paths', path));
    }
  });

  it('describes tasks so that a task with a result fits', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema({ ...document, $id: 'api' });
    const pointer = 'api#/paths/~1predict~1model_a/post/responses/200/content/application~1json/schema';
    const fits = ajv.compile({ $ref: pointer });
    const task = at(document, 'paths', '/predict/model_a', 'post', 'responses', '200', 'content', 'application/json')
      .example as Json;

    expect(fits(task)).toBe(true);
    expect(fits({ ...task, result: { message: 7 } })).toBe(false);
    expect(fits({ ...task, state: 'done' })).toBe(false);
  });

  it('passes the linter with the lifecycle too', async () => {
    const whole = openApiDocument(MODELS, { hasLifecycle: true });

    expect(Object.keys(whole.paths as object)).toContain('/pipelines/{pipeline}/runs');
    expect(await lint(whole)).toEqual([]);
  });

  it('has a route for each documented body of the lifecycle', () => {
    const routes = LIFECYCLE_ROUTES.map(({ method, path }) => `${method} ${path}`);

    expect(Object.keys(LIFECYCLE_BODIES).filter((route) => !routes.includes(route))).toEqual([]);
  });

  it('describes exactly the fields of a deployment', () => {
    const { properties } = LIFECYCLE_BODIES['POST /models/{model}/deployments'] as { properties: Json };
    const rule = (properties.rule as Json).properties as Json;
    const given = { ...Object.fromEntries(Object.keys(properties).map((name) => [name, undefined])), model: 'm' };
    const faults = Object.keys({ ...properties, other: 1 }).filter((name) => {
      try {
        readDeployOrder({ model: 'm', version: '1', [name]: given[name as never] } as never);
        return false;
      } catch (error) {
        return String(error).includes('left out');
      }
    });

    expect(faults).toEqual(['other']);
    expect(Object.keys(rule).toSorted()).toEqual(Object.keys(presentRule(DEFAULT_RULE)).toSorted());
  });

  it('has no field of a response that is required and has a default', () => {
    const schemas = at(document, 'components', 'schemas') as Record<string, Json>;
    const both = Object.entries(schemas).flatMap(([name, { properties = {}, required = [] }]) =>
      (required as string[])
        .filter((field) => 'default' in ((properties as Record<string, Json>)[field] ?? {}))
        .map((field) => `${name}.${field}`),
    );

    expect(at(schemas, 'model_b.ModelBRequest', 'properties', 'value')).toHaveProperty('default', 0);
    expect(at(schemas, 'model_b.ModelBResponse')).toHaveProperty('required');
    expect(both).toEqual([]);
  });

  it('has bodies in JSON alone for generators of clients, and is no less correct', async () => {
    const plain = jsonOnly(document);
    const bodies = operations(plain).flatMap(([name, { requestBody }]) =>
      requestBody ? [{ name, types: Object.keys((requestBody as { content: Json }).content) }] : [],
    );

    expect(JSON.stringify(document)).toContain('application/x-protobuf');
    expect(bodies.length).toBeGreaterThan(10);
    expect(bodies.filter(({ types }) => types.join() !== 'application/json')).toEqual([]);
    expect(Object.keys(at(plain, 'components', 'schemas') as Json)).toEqual(
      Object.keys(at(document, 'components', 'schemas') as Json),
    );
    expect(JSON.stringify(at(plain, 'paths'))).not.toContain('x-ndjson"');
    expect(await lint(plain)).toEqual([]);
  });

  it('is OpenAPI 3.0 for generators of clients: null is a flag, and added fields are merged', () => {
    const plain = jsonOnly(document);
    const task = at(plain, 'paths', '/predict/model_b', 'post', 'responses', '200', 'content', 'application/json');
    const fields = at(task, 'schema', 'properties');

    expect(plain.openapi).toBe('3.0.3');
    expect(fields.state).toMatchObject({ type: 'string' });
    expect(fields.started_at).toMatchObject({ type: 'string', nullable: true });
    expect(at(fields, 'result', 'anyOf')).toHaveLength(2);
    expect(JSON.stringify(plain)).not.toMatch(/"type":"null"|"type":\[|"const":|"required":\[\]/);
  });
});
