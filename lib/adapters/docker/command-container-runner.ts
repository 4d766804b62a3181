import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { CONTAINER_FOLDER, type ContainerJob, type ContainerRunner, ModelyardError } from '#core';

const execute = promisify(execFile);
/** What the programs of Docker and Podman exit with when they could not start the container. */
const NOT_STARTED = [125, 126, 127];
/** What `docker` prints after its error. */
const HINT = /^(?:Run '.* --help' for more information|\s*)$/;

/** Runs containers by a program with the arguments of Docker, such as `docker` or `podman`. */
export class CommandContainerRunner implements ContainerRunner {
  readonly #program: string;
  readonly #first: readonly string[];

  /** `command`: the program and its first arguments, separated by spaces. */
  constructor(command: string) {
    const [program = '', ...first] = command.split(' ').filter((word) => word !== '');
    this.#program = program;
    this.#first = first;
  }

  async run(
    { id, image, command = [], folder }: ContainerJob,
    { signal, onLine }: Parameters<ContainerRunner['run']>[1],
  ): Promise<number> {
    const name = `modelyard-${id}`;
    await this.#remove(name);
    signal.throwIfAborted();
    const { getuid = () => 0, getgid = () => 0 } = process;
    const options = [
      ...['--rm', '--name', name, '--user', `${getuid()}:${getgid()}`, '--cap-drop', 'ALL'],
      ...['--security-opt', 'no-new-privileges', '--volume', `${folder}:${CONTAINER_FOLDER}`],
      ...['--workdir', CONTAINER_FOLDER],
    ];
    const child = spawn(this.#program, [...this.#first, 'run', ...options, image, ...command], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let last = '';
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on('line', (line) => {
        if (!HINT.test(line)) last = line;
        onLine(line);
      });
    }
    const stop = () => void this.#remove(name);
    signal.addEventListener('abort', stop);
    try {
      const [code] = (await once(child, 'close')) as [number | null];
      signal.throwIfAborted();
      if (!NOT_STARTED.includes(code ?? 1)) return code ?? 1;
      throw new ModelyardError('invalid_input', `The container of ${image} could not be started: ${last}`);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
      throw new ModelyardError(
        'invalid_input',
        `A stage with an image needs Docker or a program like it: ${this.#program} was not found.`,
      );
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** Does nothing without such a container. */
  async #remove(name: string): Promise<void> {
    await execute(this.#program, [...this.#first, 'rm', '--force', name]).catch(() => undefined);
  }
}
