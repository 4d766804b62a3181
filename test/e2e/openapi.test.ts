import { createConfig, lintFromString } from '@redocly/openapi-core';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post, submit } from '#test/support/api-client.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';

interface Operation {
  readonly responses: Readonly<Record<string, object>>;
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly example?: unknown }>> };
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

let system: EmbeddedSystem;
let document: Document;
let ajv: Ajv2020;
beforeAll(async () => {
  system = await EmbeddedSystem.start();
  document = (await (await system.fetch('/openapi.json')).json()) as Document;
  ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ ...document, $id: 'api' });
});
afterAll(() => system[Symbol.asyncDispose]());

const escaped = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

/** What is wrong with an answer, held against what the document says of its path, method and status. */
async function misfits(path: string, method: string, answer: Response): Promise<unknown[]> {
  const documented = document.paths[path]?.[method]?.responses[String(answer.status)] as { $ref?: string } | undefined;
  if (!documented) return [`${method} ${path} does not document ${answer.status}.`];
  const type = answer.headers.get('content-type')?.split(';')[0] ?? '';
  const own = `#/paths/${escaped(path)}/${method}/responses/${answer.status}`;
  const $ref = `api${documented.$ref ?? own}/content/${escaped(type)}/schema`;
  const validate = ajv.compile({ $ref: encodeURI($ref) });
  return validate(await answer.json()) ? [] : (validate.errors ?? []);
}

describe('the OpenAPI document of a running system', () => {
  it('gives for every model an example that works when it is sent, and describes the answer', async () => {
    const predictions = Object.entries(document.paths).filter(([path]) => /^(?:\/api)?\/predict\/\w+$/.test(path));
    const sent = predictions.filter(([, { post: operation }]) => operation?.requestBody);

    for (const [path, item] of sent) {
      const answer = await post(system, path, item.post?.requestBody?.content['application/json']?.example);

      expect(answer.status, path).toBe(200);
      if (path.startsWith('/predict/')) expect(await answer.clone().json()).toMatchObject({ state: 'succeeded' });
      expect(await misfits(path, 'post', answer)).toEqual([]);
    }
    expect(sent.length).toBeGreaterThanOrEqual(6);
  });

  it('describes what every other route answers', async () => {
    const { id } = await submit(system, 'model_a', { data: 'x' }, { Prefer: 'wait=20' });
    const { instances } = (await (await system.fetch('/models/model_a/instances')).json()) as {
      instances: { id: string }[];
    };
    const instance = instances[0]?.id ?? '';
    const asked: readonly (readonly [path: string, asked: string])[] = [
      ['/tasks', '/tasks'],
      ['/tasks/{id}', `/tasks/${id}`],
      ['/models/{model}/tasks/{id}', `/models/model_a/tasks/${id}`],
      ['/models/{model}/result', `/models/model_a/result?task_id=${id}`],
      ['/models', '/models?all=true'],
      ['/models/{model}', '/models/model_a'],
      ['/models/{model}/schema', '/models/model_a/schema'],
      ['/models/{model}/instances', '/models/model_a/instances'],
      ['/models/{model}/instances/{id}', `/models/model_a/instances/${instance}`],
      ['/api/predict/services', '/api/predict/services'],
      ['/api/models/available', '/api/models/available'],
      ['/api/models/instances/{name}', '/api/models/instances/model_a'],
      ['/openapi.json', '/openapi.json'],
      ['/healthz', '/healthz'],
      ['/readyz', '/readyz'],
      ['/tasks/{id}', '/tasks/unknown'],
      ['/models/{model}', '/models/unknown'],
    ];

    for (const [path, address] of asked) {
      expect(await misfits(path, 'get', await system.fetch(address)), address).toEqual([]);
    }
  });

  it('describes a task that waits, and a body that is refused', async () => {
    const queued = await post(system, '/models/model_b/tasks', { value: 1, delay_seconds: 0.1 });
    const refused = await post(system, '/predict/model_b', { valu: 1 });

    expect(queued.status).toBe(202);
    expect(await misfits('/models/model_b/tasks', 'post', queued)).toEqual([]);
    expect(refused.status).toBe(422);
    expect(await misfits('/predict/model_b', 'post', refused)).toEqual([]);
  });

  // Last: the linter blocks this thread for seconds, and the gateway closes idle connections meanwhile.
  it('passes a strict linter without a word', async () => {
    const config = await createConfig({ extends: ['recommended-strict'] });

    expect(await lintFromString({ source: JSON.stringify(document), config })).toEqual([]);
  });
});
