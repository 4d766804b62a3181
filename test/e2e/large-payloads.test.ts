import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiError, Modelyard, TaskError } from '#client';
import { ModelARequest, ModelAResponse } from '#proto/models/model_a.ts';
import { ended, post, type TaskBody } from '#test/support/api-client.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';

const PYTHON = fileURLToPath(new URL('../../model-containers/python', import.meta.url));
const PROTOBUF = 'application/x-protobuf';
const MIB = 2 ** 20;
const TEXT = 'x'.repeat(5 * MIB);
const PROGRAM = `
from modelyard.client import Client
result = Client("URL").predict("model_a", {"data": "y" * ${6 * MIB}})
print(len(result["message"]))
`;

let system: EmbeddedSystem;
beforeAll(async () => {
  system = await EmbeddedSystem.start();
});
afterAll(() => system?.[Symbol.asyncDispose]());

interface OpenUpload {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly links: { readonly submit: string };
}

const announced = (bytes: Uint8Array, type: string) => ({
  ...{ size: bytes.byteLength, type },
  sha256: createHash('sha256').update(bytes).digest('hex'),
});

async function openUpload(bytes: Uint8Array, type = PROTOBUF): Promise<OpenUpload> {
  const answer = await post(system, '/models/model_a/uploads', announced(bytes, type));
  expect(answer.status).toBe(201);
  return (await answer.json()) as OpenUpload;
}

const absolute = (url: string): string => new URL(url, system.url).href;

async function upload(bytes: Uint8Array, type = PROTOBUF): Promise<OpenUpload> {
  const { url, method, headers, ...opened } = await openUpload(bytes, type);
  const sent = await fetch(absolute(url), { method, headers, body: Buffer.from(bytes) });
  expect(sent.status).toBe(200);
  return { url, method, headers, ...opened };
}

async function submitUpload({ links }: OpenUpload): Promise<TaskBody> {
  const answer = await fetch(absolute(links.submit), { method: 'POST' });
  expect(answer.status).toBe(202);
  return (await answer.json()) as TaskBody;
}

describe('the clients', () => {
  it('send and get more than one call carries, in TypeScript', async () => {
    const result = await new Modelyard({ url: system.url }).predict('model_a', { data: TEXT });

    expect(result).toEqual({ message: `Processed message: ${TEXT}` });
  });

  it('send and get more than one call carries, in Python', async () => {
    const env = { PATH: process.env.PATH, PYTHONPATH: PYTHON, PYTHONDONTWRITEBYTECODE: '1' };
    const { stdout } = await promisify(execFile)('python3', ['-c', PROGRAM.replace('URL', system.url)], { env });

    expect(Number(stdout)).toBe(6 * MIB + 'Processed message: '.length);
  });

  it('get the same task for the same key and request, and a refusal for another request', async () => {
    const client = new Modelyard({ url: system.url });
    const idempotencyKey = 'large-and-once';

    const first = await client.submit('model_a', { data: TEXT }, { idempotencyKey });
    const again = await client.submit('model_a', { data: TEXT }, { idempotencyKey });
    const other = client.submit('model_a', { data: `${TEXT}!` }, { idempotencyKey });

    expect(again.id).toBe(first.id);
    await expect(other).rejects.toThrow(ApiError);
    await expect(other).rejects.toMatchObject({ status: 422, code: 'idempotency-conflict' });
  });

  it('learn that uploaded JSON was no valid request when its task runs', async () => {
    const refused = new Modelyard({ url: system.url }).predict('model_a', { data: TEXT, dat: 1 });

    await expect(refused).rejects.toThrow(TaskError);
    await expect(refused).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining('/dat') });
  });
});

describe('an upload', () => {
  // The emulator of S3 takes 11 MiB.
  it('travels as protobuf both ways, and its result has links in place of a value', async () => {
    const bytes = ModelARequest.encode({ data: 'z'.repeat(10 * MIB) });

    const { id } = await submitUpload(await upload(bytes));
    const task = await ended(system, id);
    const { result = '', result_protobuf = '' } = task.links ?? {};
    const [json, binary, bare] = await Promise.all([
      fetch(absolute(result)).then((answer) => answer.json()),
      fetch(absolute(result_protobuf)).then((answer) => answer.arrayBuffer()),
      fetch(`${system.url}/models/model_a/result?task_id=${id}`, { headers: { Accept: PROTOBUF } }),
    ]);

    expect(task).toMatchObject({ state: 'succeeded', result: null });
    expect((json as { readonly message: string }).message).toHaveLength(10 * MIB + 19);
    expect(ModelAResponse.decode(new Uint8Array(binary)).message).toHaveLength(10 * MIB + 19);
    expect((await bare.arrayBuffer()).byteLength).toBe(binary.byteLength);
  });

  it('becomes one task, however often it is submitted', async () => {
    const opened = await upload(ModelARequest.encode({ data: 'once' }));

    const tasks = [await submitUpload(opened), await submitUpload(opened)];

    expect(tasks[1]?.id).toBe(tasks[0]?.id);
    expect((await ended(system, tasks[0]?.id ?? '')).result).toEqual({ message: 'Processed message: once' });
  });

  it('is not known before its bytes have arrived', async () => {
    const { links } = await openUpload(ModelARequest.encode({ data: 'never sent' }));

    const answer = await fetch(absolute(links.submit), { method: 'POST' });

    expect(answer.status).toBe(404);
  });

  it.each([
    [{ size: 0, sha256: 'a'.repeat(64) }, 422],
    [{ size: 2 ** 30 + 1, sha256: 'a'.repeat(64), type: PROTOBUF }, 422],
    [{ size: 65 * MIB, sha256: 'a'.repeat(64) }, 413],
    [{ size: 10, sha256: 'abc' }, 422],
    [{ size: 10, sha256: 'a'.repeat(64), type: 'text/plain' }, 422],
  ])('is refused when it is announced as %j', async (body, status) => {
    expect((await post(system, '/models/model_a/uploads', body)).status).toBe(status);
  });
});
