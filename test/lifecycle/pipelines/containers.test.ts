import { execFileSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { type JsonObject, type Pipeline, pipelineFault } from '#core';
import type { Lifecycle } from '#lifecycle/lifecycle.ts';
import { resolveParams } from '#lifecycle/pipelines/references.ts';
import { runContainer } from '#lifecycle/pipelines/run-container.ts';
import { useLifecycle } from '#test/lifecycle/support.ts';

const lifecycles = useLifecycle();
const PROGRAM = `${process.execPath} ${fileURLToPath(new URL('./container-program.mjs', import.meta.url))}`;
const SOCKET = '/var/run/docker.sock';
/** Of the Docker engine of this machine, if there is one with such an image. */
const REAL_IMAGE = process.env.MODELYARD_TEST_IMAGE ?? 'docker.io/library/busybox:1.37';
const hasImage = (() => {
  try {
    execFileSync('docker', ['image', 'inspect', REAL_IMAGE], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

describe.each([
  ['by a program', { MODELYARD_CONTAINER_COMMAND: PROGRAM }, 'test/image', true],
  ['by Docker', { MODELYARD_CONTAINER_COMMAND: 'docker' }, REAL_IMAGE, hasImage],
  ['by the socket of Docker', { MODELYARD_CONTAINER_SOCKET: SOCKET }, REAL_IMAGE, hasImage],
] as const)('a stage in a container, run %s', (_, settings, image, isHere) => {
  let lifecycle: Lifecycle;
  const lines: string[] = [];
  const run = (args: JsonObject, signal = new AbortController().signal) =>
    runContainer(
      lifecycle,
      { image, ...args },
      {
        taskId: `test-${process.pid}`,
        attempt: 1,
        owner: 'someone',
        signal,
        tell: async (line) => void lines.push(line),
      },
    );
  beforeAll(async () => {
    lifecycle = await lifecycles.open(settings);
  });

  it.runIf(isHere)('gets files and parameters, and answers with files and an output', async () => {
    const given = await lifecycle.stores.artifacts.put(Buffer.from('1\n2\n'));
    const command = [
      ...['sh', '-c', 'echo hello; cat params.json > outputs/output.json; wc -l < inputs/rows.csv > outputs/count.txt'],
    ];

    const output = await run({ command, inputs: { 'rows.csv': given.hash }, params: { alpha: 2 } });

    const { hash } = (output.files as Record<string, { hash: string }>)['count.txt'] ?? { hash: '' };
    expect(output).toMatchObject({ alpha: 2 });
    expect(
      Buffer.from(await lifecycle.stores.artifacts.read(hash))
        .toString()
        .trim(),
    ).toBe('2');
    expect(lines).toContain('hello');
    expect(await readdir(lifecycle.stores.scratch)).toEqual([]);
  });

  it.runIf(isHere)('does not follow links out of its folder', async () => {
    const toFile = await run({ command: ['sh', '-c', 'ln -s /etc/hostname outputs/output.json'] });
    const toFolder = await run({ command: ['sh', '-c', 'rmdir outputs && ln -s /etc outputs'] });

    expect([toFile, toFolder]).toEqual([{ files: {} }, { files: {} }]);
  });

  it.runIf(isHere)('fails with the exit code and the last line', async () => {
    await expect(run({ command: ['sh', '-c', 'echo no memory >&2; exit 3'] })).rejects.toThrow(
      /has ended with exit code 3: no memory/,
    );
  });

  it.runIf(isHere)('says why an image cannot be started', async () => {
    await expect(run({ image: 'localhost:1/none' })).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.not.stringContaining('--help'),
    });
  });
});

describe('a stage in a container, run by the socket of Docker', () => {
  const containers = () => execFileSync('docker', ['ps', '--all', '--format', '{{.Names}}']).toString();
  const task = { taskId: `socket-${process.pid}`, attempt: 1, owner: 'someone' };

  it.runIf(hasImage)('is removed when its stage is stopped, and when it has ended', async () => {
    const lifecycle = await lifecycles.open({ MODELYARD_CONTAINER_SOCKET: SOCKET });
    const stop = new AbortController();
    const args = { image: REAL_IMAGE, command: ['sh', '-c', 'echo started; sleep 600'] };
    const tell = async () => stop.abort(new Error('The worker stops.'));

    await expect(runContainer(lifecycle, args, { ...task, signal: stop.signal, tell })).rejects.toThrow('worker stops');

    expect(containers()).not.toContain(task.taskId);
  });

  it('is tried again while the engine cannot be reached', async () => {
    const lifecycle = await lifecycles.open({ MODELYARD_CONTAINER_SOCKET: '/nowhere/docker.sock' });
    const { signal } = new AbortController();

    await expect(
      runContainer(lifecycle, { image: REAL_IMAGE }, { ...task, signal, tell: async () => undefined }),
    ).rejects.toMatchObject({ code: 'store_unavailable', retryable: true });
  });
});

describe('a stage with an image', () => {
  it('says which program is missing', async () => {
    const lifecycle = await lifecycles.open({ MODELYARD_CONTAINER_COMMAND: '/nowhere/docker' });
    const task = { taskId: 'test', attempt: 1, owner: 'someone', signal: new AbortController().signal };

    await expect(
      runContainer(lifecycle, { image: 'test/image' }, { ...task, tell: async () => undefined }),
    ).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('/nowhere/docker was not found'),
    });
  });

  const stage = { name: 'own', uses: 'pipelines.container', image: 'busybox' };
  it.each([
    [{ ...stage, image: '--privileged' }, 'pipeline.stages.0.image'],
    [{ ...stage, uses: 'training.train' }, 'pipeline.stages.0.uses'],
    [{ name: 'own', uses: 'pipelines.container' }, 'pipeline.stages.0.image'],
    [{ ...stage, command: 'sh' }, 'pipeline.stages.0.command'],
    [{ ...stage, inputs: { '../secret': 'x' } }, 'pipeline.stages.0.inputs'],
    [stage, undefined],
  ])('is checked: %j', (given, path) => {
    expect(pipelineFault({ name: 'one', stages: [given] } as unknown as Pipeline)?.path).toBe(path);
  });

  it('can hand on a file whose name has dots', () => {
    const stages = {
      own: { state: 'succeeded', generation: 1, output: { files: { 'a.csv': { hash: 'h' } } } },
    } as const;
    const values = { run: { stages }, logicalDate: '2026-01-31' };

    expect(resolveParams({ one: '{{own.files.a.csv}}', two: '{{own.files.a.csv.hash}}' }, values)).toEqual({
      one: { hash: 'h' },
      two: 'h',
    });
  });
});
