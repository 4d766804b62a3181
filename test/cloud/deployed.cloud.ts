import { ListBucketsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { type ProblemBody, post } from '#test/support/api-client.ts';
import { EmbeddedSystem as DeployedSystem } from '#test/support/deployed-system.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';

const ENDPOINT = process.env.MODELYARD_E2E_ENDPOINT ?? '';
const connection = {
  endpoint: ENDPOINT,
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
};
const sqs = new SQSClient({ ...connection, useQueueUrlAsEndpoint: false });
const s3 = new S3Client({ ...connection, forcePathStyle: true });
afterAll(() => {
  sqs.destroy();
  s3.destroy();
});

const system = await EmbeddedSystem.start();
afterAll(() => system[Symbol.asyncDispose]());

describe('the deployed API', () => {
  it('knows no other model', async () => {
    const response = await post(system, '/predict/unheard_of', {});

    expect(response.status).toBe(404);
    expect(((await response.json()) as ProblemBody).type).toBe('/problems/model-not-found');
  });

  it('refuses what is not there itself, as a problem', async () => {
    const response = await system.fetch('/nowhere');

    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.headers.get('x-request-id')).toBeTruthy();
  });

  it.each([
    ['DELETE', '/models/model_a', 'GET, PATCH, HEAD, OPTIONS'],
    ['PUT', '/predict/model_a', 'POST, OPTIONS'],
    ['PATCH', '/models/model_a/instances', 'GET, POST, HEAD, OPTIONS'],
  ])('says what can be used instead of %s %s', async (method, path, allow) => {
    const response = await system.fetch(path, { method });

    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe(allow);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({ type: '/problems/method-not-allowed', instance: path });
  });

  it('answers HEAD as GET, without the body', async () => {
    const response = await system.fetch('/models', { method: 'HEAD' });

    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.text()).toBe('');
  });

  it('is ready, which means that its functions reach the registry', async () => {
    const response = await system.fetch('/readyz');

    expect(await response.json()).toEqual({ status: 'ready' });
  });

  it('shows the instances that registered, whoever started them', async () => {
    const response = await system.fetch('/models/model_a/instances');

    expect(response.status).toBe(200);
    const { instances } = (await response.json()) as { instances: readonly { state: string }[] };
    expect(instances).toContainEqual(expect.objectContaining({ state: 'ready' }));
  });
});

describe('the stage for emulators', () => {
  const local = new DeployedSystem(process.env.MODELYARD_E2E_LOCAL_URL ?? '');

  it('asks nobody who calls', async () => {
    const predicted = await post(local, '/predict/model_a', { data: 'local' });
    const me = await local.fetch('/users/me');

    expect(predicted.status).toBe(200);
    expect(await me.json()).toMatchObject({ id: 'local', role: 'admin' });
  });
});

describe('a dead letter', () => {
  it('reaches the function that gives tasks up, which keeps what it cannot read', async () => {
    const body = Buffer.from('not an envelope').toString('base64');
    const { Buckets = [] } = await s3.send(new ListBucketsCommand());
    const Bucket = Buckets.find(({ Name }) => Name?.startsWith('modelyard-guarded-datablobs'))?.Name;

    const QueueUrl = `${ENDPOINT}/000000000000/modelyard-guarded-model-a-dead-letters`;
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: body }));

    await vi.waitUntil(
      async () => {
        const { KeyCount = 0 } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'dead-letters/' }));
        return KeyCount === 1;
      },
      { timeout: 30_000, interval: 200 },
    );
  });
});
