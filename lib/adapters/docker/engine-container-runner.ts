import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type Docker from 'dockerode';
import type { Container } from 'dockerode';
import { CONTAINER_FOLDER, type ContainerJob, type ContainerRunner, ModelyardError, unavailable } from '#core';
import { silenceOf, statusOf } from './engine.ts';

const OUTPUTS = 'outputs';
const NOT_FOUND = 404;

/**
 * Runs containers by the API of a Docker engine. Files are copied in and out, so this process may be in a container
 * itself, whose folders the engine does not know.
 */
export class EngineContainerRunner implements ContainerRunner {
  readonly #engine: () => Promise<Docker>;

  constructor(engine: () => Promise<Docker>) {
    this.#engine = engine;
  }

  async run(
    { id, image, command, folder }: ContainerJob,
    { signal, onLine }: Parameters<ContainerRunner['run']>[1],
  ): Promise<number> {
    const engine = await this.#engine();
    const name = `modelyard-${id}`;
    const stop = () => void remove(engine, name);
    signal.addEventListener('abort', stop);
    try {
      await remove(engine, name);
      signal.throwIfAborted();
      const container = await create(engine, { name, image, command });
      await copyIn(container, folder);
      const code = await runToEnd(container, onLine);
      if (code === 0) await copyOut(container, folder);
      return code;
    } catch (error) {
      signal.throwIfAborted();
      if (!isOfEngine(error)) throw error;
      const status = Number(statusOf(error) ?? 500);
      if (status >= 500) throw unavailable('store_unavailable', silenceOf(error), error);
      throw notStarted(image, error);
    } finally {
      signal.removeEventListener('abort', stop);
      await remove(engine, name);
    }
  }
}

interface Wanted extends Pick<ContainerJob, 'image' | 'command'> {
  readonly name: string;
}

/** Fetches the image if the engine does not have it. */
async function create(engine: Docker, { name, image, command }: Wanted): Promise<Container> {
  const { getuid = () => 0, getgid = () => 0 } = process;
  const options = {
    ...{ name, Image: image, User: `${getuid()}:${getgid()}`, WorkingDir: CONTAINER_FOLDER },
    ...(command === undefined ? {} : { Cmd: [...command] }),
    HostConfig: { CapDrop: ['ALL'], SecurityOpt: ['no-new-privileges'] },
  };
  try {
    return await engine.createContainer(options);
  } catch (error) {
    if (statusOf(error) !== NOT_FOUND) throw error;
    await fetchImage(engine, image).catch((fault: unknown) => {
      throw notStarted(image, fault);
    });
    return engine.createContainer(options);
  }
}

async function fetchImage(engine: Docker, image: string): Promise<void> {
  // Without a tag, the engine would fetch all of them.
  const isExact = /[:@][^/]*$/.test(image);
  const progress = await engine.pull(isExact ? image : `${image}:latest`);
  await new Promise<void>((resolve, reject) => {
    engine.modem.followProgress(progress, (fault) => (fault ? reject(fault) : resolve()));
  });
}

/** The files belong to the user of the container, who is the one of this process. */
async function copyIn(container: Container, folder: string): Promise<void> {
  const tar = spawn('tar', ['-C', folder, '-cf', '-', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
  await Promise.all([ended(tar), container.putArchive(tar.stdout, { path: CONTAINER_FOLDER })]);
}

async function runToEnd(container: Container, onLine: (line: string) => void): Promise<number> {
  const output = await container.attach({ stream: true, stdout: true, stderr: true });
  const streams = [new PassThrough(), new PassThrough()] as const;
  container.modem.demuxStream(output, ...streams);
  output.once('end', () => streams.forEach((stream) => void stream.end()));
  const read = streams.map(async (input) => {
    for await (const line of createInterface({ input })) onLine(line);
  });
  await container.start();
  const { StatusCode } = (await container.wait()) as { readonly StatusCode: number };
  await Promise.all(read);
  return StatusCode;
}

async function copyOut(container: Container, folder: string): Promise<void> {
  const archive = await container.getArchive({ path: `${CONTAINER_FOLDER}/${OUTPUTS}` });
  const options = ['-C', folder, '--no-same-owner', '-xf', '-', OUTPUTS];
  const tar = spawn('tar', options, { stdio: ['pipe', 'inherit', 'inherit'] });
  await Promise.all([ended(tar), pipeline(archive, tar.stdin)]);
}

async function ended(tar: ChildProcess): Promise<void> {
  const [code] = (await once(tar, 'close')) as [number | null];
  if (code !== 0) throw new Error(`tar has ended with exit code ${code}.`);
}

/** Does nothing without such a container. */
async function remove(engine: Docker, name: string): Promise<void> {
  await engine
    .getContainer(name)
    .remove({ force: true })
    .catch(() => undefined);
}

/** Whether an error is an answer of the engine, or that it gives none. */
const isOfEngine = (error: unknown): boolean =>
  statusOf(error) !== undefined || (error instanceof Error && 'syscall' in error && error.syscall === 'connect');

const notStarted = (image: string, error: unknown): ModelyardError =>
  new ModelyardError('invalid_input', `The container of ${image} could not be started: ${(error as Error).message}`);
