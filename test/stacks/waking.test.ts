import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deadLetterQueueName, modelServiceName, REGISTRY_TABLE, taskQueueName } from '#adapters/aws/resources.ts';
import { createHandlerDeps, type HandlerDeps, type HandlerName, type ProxyHandler } from '#api';
import { contractOf } from '#contract';
import { submitTask } from '#core';
import { createHandler as createGetResult } from '#lambdas/get-result/handler.ts';
import { createHandler as createGetTask } from '#lambdas/get-task/handler.ts';
import { createHandler as createSubmit } from '#lambdas/submit-task/handler.ts';
import { provision } from '#local/provision.ts';
import { type AwsSettings, awsSettingsFrom, createAwsPlatform } from '#platform/aws.ts';
import type { Platform } from '#platform/platform.ts';
import { ModelARequest, ModelAResponse } from '#proto/models/model_a.ts';
import { type Answer, call } from '#test/lambdas/api-harness.ts';
import { useEmulatedAws } from '#test/support/emulated-aws.ts';
import { startFakeEcs } from '#test/support/fake-ecs.ts';
import { environmentOf, permissionsOf } from '#test/support/function-settings.ts';
import { type IamGuard, startIamGuard } from '#test/support/iam-guard.ts';
import { anInstance } from '#test/support/registry.ts';
import { silentLogger } from '#test/support/silent-logger.ts';
import { synthesize } from '#test/support/synthesize.ts';

// The handlers with the environment and the permissions that the template gives them, on emulators.
const aws = useEmulatedAws();
const CONTRACT = contractOf(ModelARequest, ModelAResponse);
const MODEL = 'model_a';
const LIMITS = { maxAttempts: 3, timeoutSeconds: 60, maxInstances: 2, acceptWhenAsleep: true };

let template: Awaited<ReturnType<typeof synthesize>>['template'];
let ecs: Awaited<ReturnType<typeof startFakeEcs>>;
let settings: AwsSettings;
/** May do everything. */
let platform: Platform;
let service: string;
const cleanups: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  ({ template } = await synthesize('dev'));
  const told = awsSettingsFrom(environmentOf(template, 'submit-task'));
  const { sqs } = aws.emulators.endpoints;
  const queueUrlPrefix = `${sqs}/000000000000/${told.queueUrlPrefix.split('/').at(-1)}`;
  const { blobBucket } = aws.settings;
  settings = { ...aws.settings, ...told, ...connection(), blobBucket, queueUrlPrefix, pollSeconds: 1 };
  service = modelServiceName(told.ecs?.servicePrefix ?? '', MODEL);
  await provision(settings, []);
  const client = new SQSClient({ ...connection(), endpoint: sqs });
  for (const name of [taskQueueName, deadLetterQueueName]) {
    const QueueName = name(queueUrlPrefix, MODEL).split('/').at(-1);
    await client.send(new CreateQueueCommand({ QueueName }));
  }
  client.destroy();
});

const connection = () => ({ region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });

beforeEach(async () => {
  ecs = await startFakeEcs();
  ecs.counts.set(service, 0);
  settings = { ...settings, endpoints: { ...aws.emulators.endpoints, ecs: ecs.url } };
  platform = createAwsPlatform(settings);
  await platform.contracts.put(CONTRACT);
  const { version = 0 } = (await platform.registry.readModel(MODEL)) ?? {};
  await platform.registry.writeModel({
    name: MODEL,
    description: 'Asleep.',
    variants: [],
    limits: LIMITS,
    contracts: [CONTRACT],
    version: version + 1,
  });
});
afterEach(async () => {
  await Promise.all(cleanups.splice(0).map((cleanup) => cleanup()));
  await platform.close();
  await ecs.close();
});

/** The handler of a folder of `lambdas/`, with nothing but what its function has. */
async function deployed(folder: HandlerName, createHandler: (deps: HandlerDeps) => ProxyHandler) {
  const told = awsSettingsFrom(environmentOf(template, folder));
  const statements = permissionsOf(template, folder);
  const guardOf = (url: string) => startIamGuard(url, statements, REGISTRY_TABLE.partitionKey.name);
  const { sqs = '', dynamodb = '', s3 = '' } = settings.endpoints ?? {};
  const [queues, tables, control] = await Promise.all([guardOf(sqs), guardOf(dynamodb), guardOf(ecs.url)]);
  const guards: readonly IamGuard[] = [queues, tables, control];
  const own = createAwsPlatform({
    ...told,
    ...connection(),
    queueUrlPrefix: settings.queueUrlPrefix,
    blobBucket: settings.blobBucket,
    endpoints: { sqs: queues.url, dynamodb: tables.url, ecs: control.url, s3 },
  });
  cleanups.push(async () => {
    await own.close();
    await Promise.all(guards.map((guard) => guard.close()));
  });
  const handler = createHandler(createHandlerDeps({ auth: 'none', platform: own, logger: silentLogger }));
  return { handler, denied: () => guards.flatMap((guard) => guard.denied) };
}

async function queuedTask(): Promise<string> {
  const request = ModelARequest.encode({ data: 'x' });
  const command = { owner: 'local', model: MODEL, contract: CONTRACT, request, limits: LIMITS };
  return (await submitTask(platform, command)).id;
}

describe('a model that is asleep is woken', () => {
  const json = { 'Content-Type': 'application/json' };

  it.each([
    ['POST /models/{model}/tasks', 'submit-task', createSubmit],
    ['POST /predict/{model}', 'submit-task', createSubmit],
    ['GET /tasks/{id}', 'get-task', createGetTask],
    ['GET /models/{model}/tasks/{id}', 'get-task', createGetTask],
    ['GET /models/{model}/result', 'get-result', createGetResult],
  ] as const)('by %s', async (key, folder, createHandler) => {
    const [method = '', route = ''] = key.split(' ');
    const { handler, denied } = await deployed(folder, createHandler);
    const id = method === 'GET' ? await queuedTask() : '';

    const answer: Answer = await call(handler, {
      route,
      params: { model: MODEL, id },
      ...(method === 'GET'
        ? { query: { task_id: id } }
        : { headers: { ...json, Prefer: 'wait=0' }, body: '{"data": "x"}' }),
    });

    const isResult = folder === 'get-result';
    expect(answer.json).toMatchObject(isResult ? { status: 'in_progress' } : { model: MODEL, state: 'queued' });
    expect(denied()).toEqual([]);
    expect(ecs.counts.get(service)).toBe(1);
  });

  it('by a read that does not wait for its start, which takes longer', async () => {
    const { handler } = await deployed('get-task', createGetTask);
    const id = await queuedTask();
    const asked = { route: '/tasks/{id}', params: { id }, headers: { Prefer: 'wait=25' } };

    const answers = await Promise.all([call(handler, asked), call(handler, asked)]);

    for (const { json } of answers) expect(json).toMatchObject({ state: 'queued' });
    expect(ecs.counts.get(service)).toBe(1);
  });

  it('by no permission that would let the reader change instances or contracts in the registry', async () => {
    const guard = await startIamGuard(
      settings.endpoints?.dynamodb ?? '',
      permissionsOf(template, 'get-task'),
      REGISTRY_TABLE.partitionKey.name,
    );
    cleanups.push(() => guard.close());
    const reader = createAwsPlatform({ ...settings, endpoints: { ...settings.endpoints, dynamodb: guard.url } });
    cleanups.push(() => reader.close());

    await expect(reader.registry.putInstance(anInstance())).rejects.toMatchObject({ code: 'registry_unavailable' });

    expect(guard.denied).toEqual([`dynamodb:PutItem ${settings.registryTable} instance`]);
  });
});
