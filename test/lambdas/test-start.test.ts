import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { ECSClient } from '@aws-sdk/client-ecs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EcsServices, EcsStartTests } from '#adapters/aws/ecs-control.ts';
import { createHandler, type StartTestEvent } from '#lambdas/test-start/handler.ts';
import { type FakeTask, startFakeEcs } from '#test/support/fake-ecs.ts';
import { listenOnFreePort } from '#test/support/listen.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

const SERVICE = 'modelyard-dev-model-a';
const IMAGE = 'arn:aws:ecs:us-east-1:1:task-definition/modelyard-dev-model-a:2';

let ecs: Awaited<ReturnType<typeof startFakeEcs>>;
let client: ECSClient;
let isRollingBack: boolean;
let url: string;
let answers: Record<string, unknown>[];
const cleanup: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  ecs = await startFakeEcs();
  ecs.counts.set(SERVICE, 0);
  client = new ECSClient({
    endpoint: ecs.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 't', secretAccessKey: 't' },
  });
  isRollingBack = false;
  answers = [];
  const server = createServer(async (request, response) => {
    answers.push((await json(request)) as Record<string, unknown>);
    response.end();
  });
  url = await listenOnFreePort(server);
  cleanup.push(async () => {
    client.destroy();
    await ecs.close();
    server.closeAllConnections();
    server.close();
  });
});
afterEach(async () => {
  for (const end of cleanup.splice(0)) await end();
});

/** Sends an event. `onLook` happens between two looks. Resolves with the answer to CloudFormation. */
async function deploy(RequestType: StartTestEvent['RequestType'], onLook: (look: number) => void = () => {}) {
  let [now, looks] = [0, 0];
  const clock = {
    now: () => now,
    async sleep(ms: number) {
      now += ms;
      onLook(looks++);
    },
  };
  const services = new EcsServices({ client, cluster: 'cluster', servicePrefix: 'modelyard-dev-' });
  const tests = new EcsStartTests({ services, stacks: { isRollingBack: async () => isRollingBack } });
  await createHandler({ tests, clock, logger: silentLogger })({
    ...{ RequestType, ResponseURL: url, StackId: 'stack', RequestId: 'request', LogicalResourceId: 'logical' },
    ResourceProperties: { Model: 'model_a', TaskDefinition: IMAGE },
  });
  expect(answers).toHaveLength(1);
  return answers[0];
}

const start = (more: Partial<FakeTask>) =>
  ecs.addTask(SERVICE, { taskDefinitionArn: IMAGE, lastStatus: 'RUNNING', ...more });
const crash = () =>
  start({
    ...{ lastStatus: 'STOPPED', desiredStatus: 'STOPPED', stopCode: 'EssentialContainerExited' },
    stoppedReason: 'Essential container in task exited',
  });

describe('a new image of a sleeping model', () => {
  it('is started once, and deployed when its instance is ready', async () => {
    const answer = await deploy('Update', (look) => look === 1 && start({ healthStatus: 'HEALTHY' }));

    expect(answer).toMatchObject({
      ...{ Status: 'SUCCESS', StackId: 'stack', RequestId: 'request', LogicalResourceId: 'logical' },
      PhysicalResourceId: 'start-of-model_a',
    });
    expect(ecs.counts.get(SERVICE)).toBe(1);
  });

  it('is refused when its instances end, and sleeps again', async () => {
    const answer = await deploy('Update', (look) => look < 2 && crash());

    expect(answer).toMatchObject({
      Status: 'FAILED',
      Reason: expect.stringMatching(/model_a does not start.*Essential container in task exited/),
    });
    expect(ecs.counts.get(SERVICE)).toBe(0);
  });

  it('is refused when no instance is ready in time, though the collector puts it to sleep in between', async () => {
    const answer = await deploy('Create', (look) => {
      if (look === 3) ecs.counts.set(SERVICE, 0);
      if (look === 5) expect(ecs.counts.get(SERVICE)).toBe(1);
    });

    expect(answer).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('within 12 minutes') });
    expect(ecs.counts.get(SERVICE)).toBe(0);
  });

  it('is not judged by the image before, by one crash, nor by the end of Spot capacity', async () => {
    const spot = { lastStatus: 'STOPPED', desiredStatus: 'STOPPED', stopCode: 'SpotInterruption' };
    const answer = await deploy('Update', (look) => {
      if (look < 3) start(spot);
      if (look === 3) crash();
      if (look === 4) start({ taskDefinitionArn: 'the one before', healthStatus: 'HEALTHY' });
      if (look === 6) start({ healthStatus: 'HEALTHY' });
    });

    expect(answer).toMatchObject({ Status: 'SUCCESS' });
  });
});

describe('no instance is started', () => {
  it.each<[string, StartTestEvent['RequestType'], () => unknown]>([
    ['while the model is awake: its roll-out shows the same', 'Update', () => ecs.counts.set(SERVICE, 1)],
    ['while CloudFormation rolls back', 'Update', () => (isRollingBack = true)],
    ['when the stack is deleted', 'Delete', () => undefined],
    ['for a model without a service', 'Create', () => ecs.counts.clear()],
  ])('%s', async (_, type, prepare) => {
    prepare();

    expect(await deploy(type)).toMatchObject({ Status: 'SUCCESS' });
    expect(ecs.operations()).not.toContain('UpdateService');
  });
});

it('a test that cannot be made fails the deployment at once, and says why', async () => {
  await ecs.close();

  expect(await deploy('Update')).toMatchObject({
    Status: 'FAILED',
    Reason: expect.stringContaining('could not be tested'),
  });
});
