import { describe, expect, it, onTestFinished } from 'vitest';
import { contractOf } from '#contract';
import { createModelDirectory, submitTask, waitForTask } from '#core';
import { createMemoryPlatform, type MemoryPlatform } from '#platform/memory.ts';
import { ModelARequest, ModelAResponse } from '#proto/models/model_a.ts';
import { ModelBRequest, ModelBResponse } from '#proto/models/model_b.ts';
import { Registration } from '#proto/modelyard/v1/registration.ts';
import { defineModel, type ModelDefinition } from '#runtime/define-model.ts';
import { runInstance } from '#test/support/in-process-model.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

const echo = defineModel({
  manifest: { name: 'echo', description: 'Echoes.', variants: ['Plain', 'Fancy'] },
  request: ModelBRequest,
  response: ModelBResponse,
  predict: (_state, { value }) => ({ value }),
});

interface Life {
  readonly platform: MemoryPlatform;
  readonly ended: Promise<void>;
  stop(): Promise<void>;
  endpoint(): Promise<string>;
}

/** Starts one life of a model; stopped at the end of the test. */
function live<Q, R, S>(
  definition: ModelDefinition<Q, R, S>,
  {
    platform = createMemoryPlatform(),
    id = 'i1',
    variant,
  }: { platform?: MemoryPlatform; id?: string; variant?: string } = {},
): Life {
  const stop = new AbortController();
  const options = {
    platform,
    logger: silentLogger,
    id,
    ...(variant === undefined ? {} : { variant }),
    image: 'test',
    runtimeVersion: 'test',
    health: { host: '127.0.0.1', port: 0 },
    leaseSeconds: 30,
    stopTimeoutMs: 1000,
  };
  const ended = runInstance(definition, options, stop.signal);
  ended.catch(() => undefined);
  onTestFinished(async () => {
    stop.abort();
    await ended.catch(() => undefined);
    await platform.close();
  });
  return {
    platform,
    ended,
    stop: () => {
      stop.abort();
      return ended;
    },
    endpoint: () =>
      expect
        .poll(async () => (await platform.registry.snapshot()).instances.find((instance) => instance.id === id)?.state)
        .toBe('ready')
        .then(async () => (await platform.registry.snapshot()).instances.find((i) => i.id === id)?.endpoint ?? ''),
  };
}

describe('an instance', () => {
  it('registers, serves, and is gone from the registry when stopped', async () => {
    const life = live(echo);
    await life.endpoint();
    const { contract, model, serving } = await createModelDirectory(life.platform).served('echo');
    const submitted = await submitTask(life.platform, {
      owner: 'o',
      model: 'echo',
      contract,
      request: ModelBRequest.encode({ value: 3 }),
      limits: model.limits,
    });

    const task = await waitForTask(life.platform, { id: submitted.id, owner: 'o', waitMs: 10_000 });
    await life.stop();

    expect(task.state).toBe('succeeded');
    expect(serving).toMatchObject([{ id: 'i1', variant: 'Plain', state: 'ready', slots: 1, image: 'test' }]);
    expect((await life.platform.registry.snapshot()).instances).toEqual([]);
  });

  it('answers on its health port with what it serves and speaks', async () => {
    const life = live(echo, { variant: 'Fancy' });
    const endpoint = await life.endpoint();

    const [health, ping, request, response, metrics] = await Promise.all(
      ['health', 'ping', 'request-format', 'response-format', 'metrics'].map((path) => fetch(`${endpoint}/${path}`)),
    );

    expect(await health?.json()).toEqual({ status: 'ok', model: 'Fancy' });
    expect(await ping?.text()).toBe('pong');
    const { descriptorSet } = contractOf(ModelBRequest, ModelBResponse);
    const descriptor = Buffer.from(descriptorSet).toString('base64');
    expect(await request?.json()).toMatchObject({ message: 'models.model_b.ModelBRequest', descriptor });
    expect(await response?.json()).toMatchObject({ message: 'models.model_b.ModelBResponse', descriptor });
    expect(await metrics?.text()).toContain('modelyard_instance_slots 1');
  });

  it('shows on its health port what it told the registry, as JSON and as protobuf', async () => {
    const life = live(echo, { variant: 'Fancy' });
    const endpoint = await life.endpoint();

    const plain = await fetch(`${endpoint}/registration`);
    const binary = await fetch(`${endpoint}/registration`, { headers: { Accept: 'application/x-protobuf' } });

    const { hash, descriptorSet } = contractOf(ModelBRequest, ModelBResponse);
    expect(await plain.json()).toMatchObject({
      instance_id: 'i1',
      model: 'echo',
      variant: 'Fancy',
      contract: { hash, request_message: 'models.model_b.ModelBRequest' },
      slots: 1,
      endpoint,
      started_unix_ms: expect.stringMatching(/^\d+$/),
    });
    expect(binary.headers.get('content-type')).toBe('application/x-protobuf');
    const registration = Registration.decode(await binary.bytes());
    expect(registration).toMatchObject({ instance_id: 'i1', variant: 'Fancy', contract: { hash }, image: 'test' });
    expect(Buffer.from(registration.contract?.descriptor_set ?? [])).toEqual(Buffer.from(descriptorSet));
  });

  it('is not healthy before its setup is done', async () => {
    const setUp = Promise.withResolvers<void>();
    const platform = createMemoryPlatform();
    live({ ...echo, setup: () => setUp.promise as never }, { platform });
    await expect.poll(async () => (await platform.registry.snapshot()).instances[0]?.state).toBe('starting');
    const [instance] = (await platform.registry.snapshot()).instances;

    const health = await fetch(`${instance?.endpoint}/health`);

    expect(health.status).toBe(503);
    expect((await createModelDirectory(platform).served('echo')).serving).toEqual([]);
    setUp.resolve();
  });

  it('ends with the reason when setup throws, and stays registered as failing', async () => {
    const life = live({
      ...echo,
      setup: () => {
        throw new Error('The weights are missing.');
      },
    });

    await expect(life.ended).rejects.toThrow('The weights are missing.');
    const { instances } = await life.platform.registry.snapshot();
    const reason = expect.stringMatching(/^The weights are missing\. \(instance\.test\.ts:\d+\)$/);
    expect(instances).toMatchObject([{ state: 'failing', failure: { count: 1, reason } }]);
  });

  it('ends with every difference when its name is taken by another contract', async () => {
    const first = live(echo);
    await first.endpoint();
    const other = defineModel({
      manifest: echo.manifest,
      request: ModelARequest,
      response: ModelAResponse,
      predict: () => ({ message: '' }),
    });

    const second = live(other, { platform: first.platform, id: 'i2' });

    await expect(second.ended).rejects.toMatchObject({
      code: 'contract_conflict',
      message: expect.stringContaining('echo'),
      errors: expect.arrayContaining([expect.objectContaining({ pointer: expect.any(String) })]),
    });
  });

  it('refuses a variant that the manifest does not name', async () => {
    await expect(live(echo, { variant: 'Shiny' }).ended).rejects.toThrow(
      'The model echo has no variant Shiny. It has: Plain, Fancy.',
    );
  });

  it('goes to sleep when there is nothing to do', async () => {
    const life = live({ ...echo, manifest: { ...echo.manifest, idleSeconds: 1 } });

    await life.ended;

    expect((await life.platform.registry.snapshot()).instances).toEqual([]);
  });
});
