import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { localAwsSettings } from '#local/provision.ts';
import { awsEnvironment, awsSettingsFrom } from '#platform/aws.ts';
import { createFullAwsPlatform } from '#platform/aws-full.ts';
import { ENV } from '#platform/environment.ts';
import { listenOnFreePort } from '#test/support/listen.ts';
import { aFreshTask } from '#test/support/tasks.ts';

const ON_AWS = {
  [ENV.tasksTable]: 'tasks',
  [ENV.registryTable]: 'registry',
  [ENV.usersTable]: 'users',
  [ENV.callsTable]: 'calls',
  [ENV.blobBucket]: 'blobs',
  [ENV.queueUrlPrefix]: 'https://sqs.eu-west-1.amazonaws.com/123456789012/yard-',
};

describe('the settings of the AWS platform', () => {
  it('leave region, keys and endpoints to the SDK on AWS, and poll for as long as SQS allows', () => {
    expect(awsSettingsFrom(ON_AWS)).toEqual({
      outboundHosts: new Set(),
      tasksTable: 'tasks',
      registryTable: 'registry',
      usersTable: 'users',
      callsTable: 'calls',
      callDays: 30,
      blobBucket: 'blobs',
      queueUrlPrefix: 'https://sqs.eu-west-1.amazonaws.com/123456789012/yard-',
      pollSeconds: 20,
    });
  });

  it('know whose pages may read answers', () => {
    const MODELYARD_CORS_ORIGINS = 'https://example.com https://other.example';

    expect(awsSettingsFrom({ ...ON_AWS, MODELYARD_CORS_ORIGINS }).corsOrigins).toEqual([
      'https://example.com',
      'https://other.example',
    ]);
  });

  it('travel to another process through its environment', () => {
    const endpoints = { sqs: 'http://127.0.0.1:1', s3: 'http://127.0.0.1:1', dynamodb: 'http://127.0.0.1:2' };
    const outboundHosts = new Set(['127.0.0.1', 'hooks.internal']);
    const settings = { ...localAwsSettings({ endpoints }), listsTasks: false, callDays: 30, outboundHosts };

    expect(awsSettingsFrom(awsEnvironment(settings))).toEqual(settings);
  });

  it('never send real keys to an emulator', () => {
    const env = { ...ON_AWS, AWS_ACCESS_KEY_ID: 'real', AWS_SECRET_ACCESS_KEY: 'real' };

    const settings = awsSettingsFrom({ ...env, [ENV.sqsEndpoint]: 'http://127.0.0.1:1' });

    expect(settings.credentials).toEqual({ accessKeyId: 'test', secretAccessKey: 'test' });
  });

  it.each(Object.keys(ON_AWS))('are refused without %s', (name) => {
    expect(() => awsSettingsFrom({ ...ON_AWS, [name]: undefined })).toThrow(
      `The environment variable ${name} is not set.`,
    );
  });
});

describe('an AWS platform whose services are away', () => {
  async function nowhere(): Promise<string> {
    const server = createServer();
    const url = await listenOnFreePort(server);
    await new Promise((resolve) => server.close(resolve));
    return url;
  }

  it('says so within seconds, each part in its own words', { timeout: 10_000 }, async () => {
    const url = await nowhere();
    const platform = createFullAwsPlatform(localAwsSettings({ endpoints: { sqs: url, s3: url, dynamodb: url } }));
    const { queues, tasks, registry, contracts, blobs, users, calls } = platform;

    const refusals = await Promise.allSettled([
      queues('model_a').send({ body: Uint8Array.of(1), group: 'somebody' }),
      tasks.create(aFreshTask()),
      blobs.get('requests/1'),
      registry.snapshot(),
      contracts.get('c1'),
      users.findByName('ann'),
      calls.list({ owner: 'somebody', limit: 1 }),
    ]);

    expect(refusals.map((refusal) => refusal.status === 'rejected' && refusal.reason.code)).toEqual([
      'queue_unavailable',
      'store_unavailable',
      'store_unavailable',
      'registry_unavailable',
      'registry_unavailable',
      'store_unavailable',
      'store_unavailable',
    ]);
    await platform.close();
  });
});
