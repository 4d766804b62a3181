import { DescribeServicesCommand, ECSClient, ListClustersCommand, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { modelServiceName } from '#adapters/aws/resources.ts';
import { contractOf } from '#contract';
import { endWake, submitTask } from '#core';
import { awsSettingsFrom, createAwsPlatform } from '#platform/aws.ts';
import { ModelBRequest, ModelBResponse } from '#proto/models/model_b.ts';
import { EmbeddedSystem as DeployedSystem } from '#test/support/deployed-system.ts';
import { addUser, bearer, login } from './deployed-users.ts';

// Model B is deployed with a service and has no instance. Its task is put where a submit puts it, but wakes nobody.
const MODEL = 'model_b';
const STACK = 'modelyard-thrifty';
const CONTRACT = contractOf(ModelBRequest, ModelBResponse);
const LIMITS = { maxAttempts: 3, timeoutSeconds: 60, maxInstances: 2, acceptWhenAsleep: true };

const gateway = new DeployedSystem(process.env.MODELYARD_E2E_THRIFTY_URL ?? '');
const platform = createAwsPlatform(awsSettingsFrom(JSON.parse(process.env.MODELYARD_E2E_THRIFTY_PLATFORM ?? '{}')));
const ecs = new ECSClient({
  endpoint: process.env.MODELYARD_E2E_ENDPOINT ?? '',
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});
afterAll(async () => {
  // Otherwise nobody could wake the model for a minute.
  await endWake(platform.registry, { model: MODEL, startedAt: platform.clock.now() });
  ecs.destroy();
  await platform.close();
});

const service = modelServiceName(`${STACK}-`, MODEL);
let cluster: string;
let token: string;
let owner: string;
beforeAll(async () => {
  token = (await login(gateway, await addUser('thrifty', 'user'))).access_token;
  const me = await gateway.fetch('/users/me', { headers: bearer(token) });
  owner = ((await me.json()) as { readonly id: string }).id;
});

const desiredCount = async (): Promise<number | undefined> => {
  const { services = [] } = await ecs.send(new DescribeServicesCommand({ cluster, services: [service] }));
  return services[0]?.desiredCount;
};

beforeEach(async () => {
  const { clusterArns = [] } = await ecs.send(new ListClustersCommand());
  cluster = clusterArns.find((arn) => arn.includes(STACK)) ?? '';
  await ecs.send(new UpdateServiceCommand({ cluster, service, desiredCount: 0 }));
  await vi.waitUntil(async () => (await desiredCount()) === 0, { timeout: 20_000 });
  await platform.contracts.put(CONTRACT);
  // A version of its own lets go of the lock of the wake-up before.
  const { version = 0 } = (await platform.registry.readModel(MODEL)) ?? {};
  await platform.registry.writeModel({
    ...{ name: MODEL, description: 'Asleep.', variants: [], limits: LIMITS, contracts: [CONTRACT] },
    version: version + 1,
  });
});

describe('a queued task of a model without instances', () => {
  it.each([
    ['GET /tasks/{id}', (id: string) => `/tasks/${id}`],
    ['GET /models/{model}/tasks/{id}', (id: string) => `/models/${MODEL}/tasks/${id}`],
    ['GET /models/{model}/result', (id: string) => `/models/${MODEL}/result?task_id=${id}`],
  ])('wakes the model when it is read by %s', async (_, pathOf) => {
    const request = ModelBRequest.encode({ value: 7 });
    const command = { owner, model: MODEL, contract: CONTRACT, request, limits: LIMITS };
    const { id } = await submitTask(platform, command);

    // A sandbox asks for the same model once in two seconds.
    await vi.waitUntil(
      async () => {
        const answer = await gateway.fetch(pathOf(id), { headers: bearer(token) });
        expect([200, 202]).toContain(answer.status);
        return (await desiredCount()) === 1;
      },
      { timeout: 20_000, interval: 500 },
    );
  });
});
