import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lateInstanceController } from '#adapters/aws/index.ts';
import { startFakeEcs } from '#test/support/fake-ecs.ts';

const SERVICE = 'yard-gdp-growth-rate';
const MODEL = 'gdp_growth_rate';

let ecs: Awaited<ReturnType<typeof startFakeEcs>>;
let controller: ReturnType<typeof lateInstanceController>;

beforeEach(async () => {
  ecs = await startFakeEcs();
  ecs.counts.set(SERVICE, 0);
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  controller = lateInstanceController(
    { region: 'us-east-1', credentials, endpoints: { ecs: ecs.url } },
    { cluster: 'cluster', servicePrefix: 'yard-', variantVariable: 'VARIANT' },
  );
});
afterEach(async () => {
  await controller.close();
  await ecs.close();
});

describe('launching on ECS', () => {
  it('runs one more task of the variant beside the service, whose count stays', async () => {
    const launched = await controller.launch(MODEL, 'RandomForest');

    expect(launched).toMatchObject({ model: MODEL, variant: 'RandomForest', state: 'starting', phase: 'provisioning' });
    expect(launched.id).toMatch(/^\d{32}$/);
    expect(await controller.list(MODEL)).toEqual([launched]);
    expect(ecs.counts.get(SERVICE)).toBe(0);
  });

  it('refuses a model that no service runs', async () => {
    await expect(controller.launch('unheard_of')).rejects.toMatchObject({ code: 'model_not_found' });
  });

  it('says that the instances cannot be reached when ECS cannot', async () => {
    await ecs.close();

    await expect(controller.launch(MODEL)).rejects.toMatchObject({ code: 'registry_unavailable', retryable: true });
  });
});

describe('waking on ECS', () => {
  it('raises a service from zero to one', async () => {
    await controller.wake?.(MODEL);

    expect(ecs.counts.get(SERVICE)).toBe(1);
  });

  it('leaves a service alone that is awake', async () => {
    ecs.counts.set(SERVICE, 3);

    await controller.wake?.(MODEL);

    expect(ecs.counts.get(SERVICE)).toBe(3);
    expect(ecs.operations()).not.toContain('UpdateService');
  });
});

describe('listing on ECS', () => {
  it.each([
    [{ lastStatus: 'PROVISIONING' }, 'provisioning', 'starting'],
    [{ lastStatus: 'PENDING', pullStartedAt: 1 }, 'pulling', 'starting'],
    [{ lastStatus: 'PENDING', pullStartedAt: 1, pullStoppedAt: 2 }, 'starting', 'starting'],
    [{ lastStatus: 'RUNNING', healthStatus: 'UNKNOWN' }, 'starting', 'starting'],
    [{ lastStatus: 'RUNNING', healthStatus: 'HEALTHY' }, 'ready', 'ready'],
    [{ lastStatus: 'RUNNING', healthStatus: 'HEALTHY', desiredStatus: 'STOPPED' }, 'draining', 'draining'],
  ])('shows a task that is %o as %s', async (status, phase, state) => {
    ecs.addTask(SERVICE, status);

    const [instance] = await controller.list(MODEL);

    expect(instance).toMatchObject({ phase, state, image: `${SERVICE}:1` });
  });

  it('leaves out tasks that are over, and those of other models', async () => {
    ecs.addTask(SERVICE, { lastStatus: 'STOPPED', desiredStatus: 'STOPPED' });
    ecs.addTask('yard-model-a', { lastStatus: 'RUNNING' });

    expect(await controller.list(MODEL)).toEqual([]);
  });
});

describe('stopping on ECS', () => {
  it('stops a task of the service and lowers its count, so that no other one takes its place', async () => {
    ecs.counts.set(SERVICE, 2);
    ecs.addTask(SERVICE, { lastStatus: 'RUNNING' });
    const [instance] = await controller.list(MODEL);

    const stopped = await controller.stop(MODEL, instance?.id ?? '');

    expect(stopped).toBe(true);
    expect(ecs.counts.get(SERVICE)).toBe(1);
    expect(await controller.list(MODEL)).toMatchObject([{ phase: 'draining' }]);
  });

  it('leaves the count of the service alone for a task that was launched beside it', async () => {
    ecs.counts.set(SERVICE, 2);
    const { id } = await controller.launch(MODEL);

    await controller.stop(MODEL, id);

    expect(ecs.counts.get(SERVICE)).toBe(2);
  });

  it('is harmless twice', async () => {
    ecs.counts.set(SERVICE, 2);
    ecs.addTask(SERVICE, { lastStatus: 'RUNNING' });
    const [instance] = await controller.list(MODEL);
    await controller.stop(MODEL, instance?.id ?? '');

    expect(await controller.stop(MODEL, instance?.id ?? '')).toBe(true);
    expect(ecs.counts.get(SERVICE)).toBe(1);
  });

  it('knows no instance of another model', async () => {
    ecs.addTask('yard-model-a', { lastStatus: 'RUNNING' });
    const [other] = await controller.list('model_a');

    expect(await controller.stop(MODEL, other?.id ?? '')).toBe(false);
  });
});
