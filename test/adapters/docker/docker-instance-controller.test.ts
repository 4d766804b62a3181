import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createDockerEngine, DockerInstanceController } from '#adapters/docker/index.ts';
import type { Instance } from '#core';
import { systemClock } from '#platform/platform.ts';
import { FakeEngine } from './fake-engine.ts';

const MINE = { 'modelyard.project': 'mine', 'modelyard.model': 'model_a' };
const OTHERS: readonly Record<string, string>[] = [
  {},
  { 'modelyard.model': 'model_a' },
  { ...MINE, 'modelyard.project': 'theirs' },
  { ...MINE, 'modelyard.model': 'model_b' },
];

let engine: FakeEngine;
let registered: Instance[];
let troubles: string[];

beforeEach(async () => {
  engine = await FakeEngine.start();
  registered = [];
  troubles = [];
});

afterEach(() => engine[Symbol.asyncDispose]());

const controller = (socketPath = engine.socketPath, connect = createDockerEngine(socketPath)) =>
  new DockerInstanceController({
    engine: connect,
    project: 'mine',
    variantVariable: 'VARIANT',
    registry: { snapshot: async () => ({ models: [], instances: registered }) },
    clock: systemClock,
    onTrouble: (message) => troubles.push(message),
  });

const instance = (containerId: string, more: Partial<Instance> = {}): Instance => ({
  id: containerId.slice(0, 12),
  model: 'model_a',
  state: 'ready',
  contractHash: 'hash',
  slots: 1,
  inFlight: 0,
  endpoint: 'http://there:8080',
  image: 'modelyard/model-a:local',
  runtimeVersion: 'node',
  startedAt: 0,
  heartbeatAt: Date.now(),
  expiresAt: Date.now() + 30_000,
  ...more,
});

describe('containers as instances', () => {
  it('are only those with the labels of the project and the model', async () => {
    const { Id, Name } = engine.add(MINE);
    for (const labels of OTHERS) engine.add(labels);
    registered = [instance(Id, { variant: 'Tree' })];

    expect(await controller().list('model_a')).toEqual([
      {
        id: Id.slice(0, 12),
        name: Name.slice(1),
        model: 'model_a',
        variant: 'Tree',
        state: 'ready',
        image: 'modelyard/model-a:local',
      },
    ]);
  });

  it('start until they are registered and alive', async () => {
    const [silent, expired, restarting] = [engine.add(MINE), engine.add(MINE), engine.add(MINE)];
    restarting.State = 'restarting';
    engine.add(MINE, { State: 'exited' });
    registered = [instance(expired.Id, { expiresAt: Date.now() - 1 }), instance(restarting.Id)];

    const listed = await controller().list('model_a');

    expect(listed.map(({ id, state }) => [id, state])).toEqual(
      [silent, expired, restarting].map(({ Id }) => [Id.slice(0, 12), 'starting']),
    );
  });
});

describe('a launch', () => {
  it('makes a container like the others of the model, with its own variant and names', async () => {
    const template = engine.add(MINE, {
      Config: { Image: 'modelyard/model-a:7', Hostname: 'box', Env: ['A=1', 'VARIANT=Line'], Labels: MINE },
    });

    const launched = await controller().launch('model_a', 'Tree');

    const made = engine.containers.find(({ Id }) => Id !== template.Id);
    expect(launched).toEqual({
      id: made?.Id.slice(0, 12),
      name: made?.Name.slice(1),
      model: 'model_a',
      variant: 'Tree',
      state: 'starting',
      image: 'modelyard/model-a:7',
    });
    expect(made).toMatchObject({
      State: 'running',
      Config: { Image: 'modelyard/model-a:7', Env: ['A=1', 'VARIANT=Tree'], Labels: MINE, StopTimeout: 120 },
      HostConfig: { Memory: 512, NetworkMode: 'yard', RestartPolicy: { Name: 'on-failure' } },
      Networks: { yard: { Aliases: ['models'] } },
    });
    expect(made?.Config.Labels).toMatchObject({
      'com.docker.compose.project': 'mine',
      'com.docker.compose.service': 'model-a-launched',
      'com.docker.compose.config-hash': expect.stringMatching(/./),
    });
  });

  it('works while every container of the model has ended', async () => {
    engine.add(MINE, { State: 'exited' });

    const { id } = await controller().launch('model_a');

    expect((await controller().list('model_a')).map((listed) => listed.id)).toEqual([id]);
  });

  it('is refused for a model that has no container here', async () => {
    for (const labels of OTHERS) engine.add(labels);

    await expect(controller().launch('model_a')).rejects.toMatchObject({ code: 'model_not_found' });
    expect(engine.containers).toHaveLength(OTHERS.length);
  });
});

describe('a stop', () => {
  it('gives the instance two minutes, and shows it as draining until it is gone', async () => {
    const { Id } = engine.add(MINE);
    registered = [instance(Id)];
    const instances = controller();

    expect(await instances.stop('model_a', Id.slice(0, 12))).toBe(true);
    expect(await instances.stop('model_a', Id.slice(0, 12))).toBe(true);

    expect(await instances.list('model_a')).toMatchObject([{ state: 'draining' }]);
    await vi.waitFor(() => expect(engine.stops).toEqual([{ id: Id, seconds: '120' }]), { timeout: 20_000 });
    engine.drained.resolve();
    await vi.waitFor(async () => expect(await instances.list('model_a')).toEqual([]), { timeout: 20_000 });
    expect(engine.containers).toHaveLength(1);
    expect(troubles).toEqual([]);
  });

  it('clears away what was launched from here', async () => {
    const kept = engine.add(MINE);
    engine.drained.resolve();
    const { id } = await controller().launch('model_a');

    await controller().stop('model_a', id);

    await vi.waitFor(() => expect(engine.containers).toEqual([kept]), { timeout: 20_000 });
  });

  it('touches no container without the labels, whoever asks', async () => {
    engine.drained.resolve();
    for (const labels of OTHERS) {
      const { Id } = engine.add(labels);

      expect(await controller().stop('model_a', Id.slice(0, 12))).toBe(false);
    }

    expect(await controller().stop('model_a', '')).toBe(false);
    expect(engine.stops).toEqual([]);
  });
});

describe('without an engine', () => {
  it('every question fails as one that may be asked again', async () => {
    const instances = controller('/nowhere/engine.sock');

    for (const answer of [instances.list('model_a'), instances.launch('model_a'), instances.stop('model_a', 'a')]) {
      await expect(answer).rejects.toMatchObject({ code: 'registry_unavailable', retryable: true });
    }
  });

  it('says which setting is missing where the socket may not be used', async () => {
    const refused = Object.assign(new Error('connect EACCES'), { code: 'EACCES' });
    const instances = controller('/nowhere/engine.sock', () => Promise.reject(refused));

    await expect(instances.list('model_a')).rejects.toThrow(/^The Docker socket cannot be used: set DOCKER_GID/);
  });
});

describe('the logs of containers', () => {
  const T = '2026-11-22T10:00:0';
  const log = [
    { at: `${T}1.000000001Z`, text: '{"level":"info","time":"2026-11-22T10:00:01.000Z","message":"Ready.","slots":2}' },
    { at: `${T}2.000000002Z`, text: 'A library says something.', stream: 'stderr' as const },
    {
      at: `${T}4.000000003Z`,
      text: `{"level":"info","message":"Ran.","taskId":"task-1","note":"${'long '.repeat(20)}"}`,
    },
  ];

  it('are read of all containers of the model, in the order of their times', async () => {
    const [first, second] = [
      engine.add(MINE, { log }),
      engine.add(MINE, { log: [{ at: `${T}3.5Z`, text: 'Between.' }] }),
    ];
    for (const labels of OTHERS) engine.add(labels, { log });
    const read = (more: object = {}) => controller().logs('model_a', { limit: 10, ...more });

    const lines = await read();

    expect(lines.map(({ message, level }) => `${level}: ${message}`)).toEqual([
      'info: Ready.',
      'warn: A library says something.',
      'info: Between.',
      'info: Ran.',
    ]);
    expect(lines[0]).toMatchObject({ at: Date.parse(`${T}1Z`), instance: first.Id.slice(0, 12), fields: { slots: 2 } });
    expect((await read({ limit: 1 })).map(({ message }) => message)).toEqual(['Ran.']);
    expect((await read({ task: 'task-1' })).map(({ message }) => message)).toEqual(['Ran.']);
    expect((await read({ instance: second.Id.slice(0, 12) })).map(({ message }) => message)).toEqual(['Between.']);
    expect(await read({ instance: 'nobody' })).toEqual([]);
  });
});
