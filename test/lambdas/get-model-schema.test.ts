import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { createHandler } from '#lambdas/get-model-schema/handler.ts';
import { CONTRACT } from '#test/support/model-b.ts';
import { protoText } from '../../lambdas/get-model-schema/handler.ts';
import { compileProto, contractFrom, inFolder } from '../contract/support/compile-proto.ts';
import { call, createTestApi } from './api-harness.ts';

const BUF = join(import.meta.dirname, '../../node_modules/.bin/buf');
const PROTOC = '/usr/bin/protoc';
const NO_PROTOC = 'Not run: there is no protoc on this machine (apt-get install protobuf-compiler).';
const JSON_BODY = '{"value":7,"delay_seconds":0.5}';
const TEXT_FORMAT = 'value: 7\ndelay_seconds: 0.5\n';

async function get(accept?: string, model = 'model_b') {
  const api = createTestApi();
  await api.wake();
  return call(createHandler(api), {
    route: '/models/{model}/schema',
    params: { model },
    headers: accept === undefined ? {} : { Accept: accept },
  });
}

/** Runs something in a folder with `set.binpb`, the descriptor set that the API answers with. */
async function withDescriptorSet<T>(run: (folder: string) => T): Promise<T> {
  const { body, isBase64Encoded } = await get('application/x-protobuf');
  expect(isBase64Encoded).toBe(true);
  return inFolder((folder) => {
    writeFileSync(join(folder, 'set.binpb'), Buffer.from(body, 'base64'));
    return run(folder);
  });
}

describe('GET /models/{model}/schema', () => {
  it.each([
    [undefined, 'application/schema+json'],
    ['*/*', 'application/schema+json'],
    ['application/schema+json', 'application/schema+json'],
    ['application/json', 'application/json'],
    ['text/plain', 'text/plain; charset=utf-8'],
    ['application/x-protobuf', 'application/x-protobuf'],
    ['text/html, text/*;q=0.5', 'text/plain; charset=utf-8'],
  ])('answers Accept: %s with %s', async (accept, type) => {
    const { statusCode, headers } = await get(accept);

    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({ 'Content-Type': type, Vary: 'Accept' });
  });

  it('describes both messages in one JSON Schema', async () => {
    const { json } = await get();
    const fits = new Ajv2020({ strict: false, validateFormats: false }).compile(json);

    expect(json).toMatchObject({ title: 'model_b', description: 'Takes its time.' });
    expect(fits({ request: { value: 7 }, response: { value: 7, elapsed_seconds: 0.1 } })).toBe(true);
    expect(fits({ request: { value: 'seven' } })).toBe(false);
    expect(fits({ request: { valu: 7 } })).toBe(false);
    expect(fits({ response: {} })).toBe(false);
    for (const example of json.examples as unknown[]) expect(fits(example)).toBe(true);
  });

  it('writes the .proto with its comments, as a compiler takes it', async () => {
    const { body } = await get('text/plain');

    expect(body).toContain('  // How long the work takes, in seconds, 0 to 600. 30 when left out.\n');
    expect(() => compileProto({ 'models/model_b.proto': body })).not.toThrow();
  });

  it('writes every file of a contract that has several, below its path', () => {
    const set = compileProto({
      'a.proto': 'syntax = "proto3"; package a; import "b.proto"; message Q { b.Part part = 1; }',
      'b.proto': 'syntax = "proto3"; package b; message Part { string text = 1; }',
    });

    const text = protoText(contractFrom(set, 'a.Q'));

    expect(text).toMatch(/^\/\/ File: a\.proto\nsyntax = "proto3";\n.*\n\/\/ File: b\.proto\nsyntax = "proto3";\n/s);
  });

  it('gives a descriptor set with which buf reads a message', async () => {
    const json = await withDescriptorSet((folder) => {
      writeFileSync(join(folder, 'body.json'), JSON_BODY);
      const args = ['convert', 'set.binpb', `--type=${CONTRACT.requestMessage}`, '--from=body.json', '--to=body.binpb'];
      execFileSync(BUF, args, { cwd: folder });
      const back = [...args.slice(0, 3), '--from=body.binpb', '--to=-#format=json'];
      return execFileSync(BUF, back, { cwd: folder, encoding: 'utf8' });
    });

    expect(JSON.parse(json)).toEqual({ value: 7, delaySeconds: 0.5 });
  });

  it('gives a descriptor set with which protoc reads a message', async ({ skip }) => {
    if (!existsSync(PROTOC) && process.env.REQUIRE_PROTOC !== '1') {
      process.stderr.write(`${NO_PROTOC}\n`);
      skip(NO_PROTOC);
    }

    const text = await withDescriptorSet((folder) => {
      const run = (task: string, input: string | Buffer) =>
        execFileSync(PROTOC, ['--descriptor_set_in=set.binpb', `--${task}=${CONTRACT.requestMessage}`], {
          cwd: folder,
          input,
        });
      return run('decode', run('encode', TEXT_FORMAT)).toString();
    });

    expect(text).toBe(TEXT_FORMAT);
  });

  it('answers 406 for a form that there is not, and 404 for a model that there is not', async () => {
    const unknownForm = await get('image/png');
    const unknownModel = await get('text/plain', 'model_x');

    expect(unknownForm.statusCode).toBe(406);
    expect(unknownForm.json.type).toBe('/problems/not-acceptable');
    expect(unknownModel.statusCode).toBe(404);
    expect(unknownModel.headers['Content-Type']).toBe('application/problem+json');
  });
});
