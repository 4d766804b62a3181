import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface ChildOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Stops the process when aborted. */
  readonly signal: AbortSignal;
}

/** Time between SIGTERM and SIGKILL. */
const STOP_MS = 10_000;

/** A process that ends with the test. Its output is kept for error messages. */
export class Child implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #output = '';
  #hasEnded = false;

  constructor(program: string, args: readonly string[], options: ChildOptions) {
    this.#child = spawnGroup(program, args, options, 'pipe');
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString();
        this.#child.emit('changed');
      });
    }
    this.#closed = once(this.#child, 'close').then(() => {
      this.#hasEnded = true;
      this.#child.emit('changed');
    });
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  get output(): string {
    return this.#output;
  }

  /** Resolves when the output contains `text`. Rejects with the output when the process ends first. */
  async untilPrinted(text: string): Promise<void> {
    while (!this.#output.includes(text)) {
      if (this.#hasEnded) throw new Error(`The process ended before it printed "${text}":\n${this.#output}`);
      await once(this.#child, 'changed');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) signalGroup(this.#child, 'SIGTERM');
    const timer = setTimeout(() => signalGroup(this.#child, 'SIGKILL'), STOP_MS);
    await this.#closed;
    clearTimeout(timer);
    // Stop processes that it started and left behind.
    signalGroup(this.#child, 'SIGKILL');
  }
}

/** Runs a program to its end and resolves with its output. Rejects with the output when the program fails. */
export async function runToEnd(program: string, args: readonly string[], options: ChildOptions): Promise<string> {
  const child = spawnGroup(program, args, options, 'pipe');
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = await once(child, 'close');
  if (code === 0) return output;
  throw new Error(`${args.join(' ')} ended with ${code}:\n${output}`);
}

/** Runs a program that prints to the terminal. Resolves with whether it succeeded. */
export async function show(program: string, args: readonly string[], options: ChildOptions): Promise<boolean> {
  const [code] = await once(spawnGroup(program, args, options, 'inherit'), 'close');
  return code === 0;
}

/** Starts a process group. So Ctrl-C reaches only this process, which stops the others in order. */
function spawnGroup(
  program: string,
  args: readonly string[],
  { cwd, environment, signal }: ChildOptions,
  output: 'pipe' | 'inherit',
): ChildProcess {
  signal.throwIfAborted();
  const child = spawn(program, args, { cwd, env: environment, stdio: ['ignore', output, output], detached: true });
  const stop = (): void => signalGroup(child, 'SIGTERM');
  signal.addEventListener('abort', stop);
  child.once('close', () => signal.removeEventListener('abort', stop));
  return child;
}

function signalGroup({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch {
    // The group has ended.
  }
}
