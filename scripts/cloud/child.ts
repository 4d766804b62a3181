import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface ChildOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Ends it when aborted. */
  readonly signal: AbortSignal;
}

/** How long a process may take to stop before it is killed. */
const STOP_MS = 10_000;

/** A process that lives as long as the test, with all that it said kept for when it fails. */
export class Child implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #said = '';
  #isOver = false;

  constructor(program: string, args: readonly string[], options: ChildOptions) {
    this.#child = spawnGroup(program, args, options, 'pipe');
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#said += chunk.toString();
        this.#child.emit('said');
      });
    }
    this.#closed = once(this.#child, 'close').then(() => {
      this.#isOver = true;
      this.#child.emit('said');
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get said(): string {
    return this.#said;
  }

  /** Resolves once it has said this. Rejects, with all that it said, when it ends before. */
  async untilSaid(text: string): Promise<void> {
    while (!this.#said.includes(text)) {
      if (this.#isOver) throw new Error(`It ended before it said "${text}":\n${this.#said}`);
      await once(this.#child, 'said');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOver) signalGroup(this.#child, 'SIGTERM');
    const timer = setTimeout(() => signalGroup(this.#child, 'SIGKILL'), STOP_MS);
    await this.#closed;
    clearTimeout(timer);
    // What it started itself and left behind.
    signalGroup(this.#child, 'SIGKILL');
  }
}

/** Runs a program to its end and resolves with what it said. Rejects with that when it fails. */
export async function runToEnd(program: string, args: readonly string[], options: ChildOptions): Promise<string> {
  const child = spawnGroup(program, args, options, 'pipe');
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = await once(child, 'close');
  if (code === 0) return said;
  throw new Error(`${args.join(' ')} ended with ${code}:\n${said}`);
}

/** Runs a program that talks to the user itself; resolves with whether it succeeded. */
export async function show(program: string, args: readonly string[], options: ChildOptions): Promise<boolean> {
  const [code] = await once(spawnGroup(program, args, options, 'inherit'), 'close');
  return code === 0;
}

/** In a group of its own: Ctrl-C reaches this process alone, which then ends all others in order. */
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
    // Nobody of the group is left to be told.
  }
}
