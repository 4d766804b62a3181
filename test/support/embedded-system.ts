import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { eachLine } from '#local/instance-process.ts';
import { endWithFile } from './child-processes.ts';
import { NODE_ENVIRONMENT } from './node-environment.ts';

export interface SystemEvent {
  readonly source: string;
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

export interface SystemExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A model as the line for programs has it. */
interface StartedModel {
  readonly name: string;
  readonly instances: readonly { readonly id: string; readonly state: string; readonly crashes: number }[];
}

const IS_AWAY = /Restarting in|^Stopped\.$|^Stopping: the instance is idle/;
const HAS_SETTLED = new RegExp(`^Ready\\.$|${IS_AWAY.source}`);

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FIXTURE_MODELS = fileURLToPath(new URL('../fixtures/models', import.meta.url));
/** Of a test that failed half-way: nothing of it may outlive it. */
const TEARDOWN_MS = 5_000;

export interface SystemOptions {
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Runs the misbehaving models of `test/fixtures/models` too. */
  readonly withFixtures?: boolean;
  /** Starts it as a person does, with `npm start` in a process group of its own. */
  readonly withNpm?: boolean;
  /** Starts it in a process group of its own, so that `signalGroup` reaches every process of it. */
  readonly inGroup?: boolean;
  /** The data folder that it runs on. @default a new one */
  readonly dataFolder?: string;
  /** No process of it may write files larger than this. */
  readonly maxFileKib?: number;
  /** The copy of this repository that it runs. @default this one */
  readonly root?: string;
  /** Starts it again: where this one was, with whatever it has left there. */
  readonly after?: EmbeddedSystem;
}

/** What every system of a test file is started with besides its own options. */
interface Surroundings {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

const onNewFolder = (): Surroundings => ({ args: ['--data', newDataFolder()], environment: {} });
let surroundingsOfNext = onNewFolder;

const dataFolders: string[] = [];
process.once('exit', () => {
  for (const folder of dataFolders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that is deleted when the tests of the file are over. */
function newDataFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'modelyard-test-'));
  dataFolders.push(folder);
  return folder;
}

/** Runs the command that follows under a limit, as in `bash -c 'ulimit -f 1024; exec "$@"' bash command`. */
const limitFiles = (kib: number): string[] => ['bash', '-c', `ulimit -f ${kib}; exec "$@"`, 'bash'];

/** Starts systems in other surroundings, for example on another platform. Returns what ends that. */
export function surroundSystems(next: () => Surroundings): () => void {
  surroundingsOfNext = next;
  return () => {
    surroundingsOfNext = onNewFolder;
  };
}

/** The real embedded system in a process of its own; a test speaks to it by HTTP and signals. */
export class EmbeddedSystem implements AsyncDisposable {
  readonly events: SystemEvent[] = [];
  /** Lines on standard error. */
  readonly complaints: string[] = [];
  readonly exit: Promise<SystemExit>;
  readonly #surroundings: Surroundings;
  readonly #child: ChildProcess;
  readonly #withNpm: boolean;
  readonly #waiting = new Set<() => void>();
  #hasExited = false;

  constructor({ args = ['--port', '0', '--json'], environment = {}, ...options }: SystemOptions = {}) {
    const {
      withFixtures = false,
      withNpm = false,
      inGroup = withNpm,
      dataFolder,
      maxFileKib,
      root = ROOT,
      after,
    } = options;
    this.#withNpm = withNpm;
    const command = withNpm ? ['npm', 'start', '--'] : [process.execPath, join(root, 'bin', 'local.ts')];
    const [program, ...first] = maxFileKib === undefined ? command : [...limitFiles(maxFileKib), ...command];
    const models = withFixtures ? { MODELYARD_MODELS_PATH: FIXTURE_MODELS } : {};
    const onFolder = dataFolder === undefined ? undefined : { args: ['--data', dataFolder], environment: {} };
    const surroundings = after ? after.#surroundings : (onFolder ?? surroundingsOfNext());
    this.#surroundings = surroundings;
    this.#child = spawn(String(program), [...first, ...args, ...surroundings.args], {
      cwd: root,
      detached: inGroup,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...NODE_ENVIRONMENT, HOME: process.env.HOME, ...surroundings.environment, ...models, ...environment },
    });
    endWithFile(this.#child, { inGroup });
    const { stdout, stderr } = this.#child;
    if (stdout) eachLine(stdout, (line) => this.#note(line));
    if (stderr) eachLine(stderr, (line) => this.complaints.push(line));
    this.exit = once(this.#child, 'close').then(([code, signal]) => {
      this.#hasExited = true;
      this.#wake();
      return { code, signal };
    });
  }

  /** Starts one and resolves when every instance serves, crashed, or went to sleep: a busy system is ready sooner. */
  static async start(options?: SystemOptions): Promise<EmbeddedSystem> {
    const system = new EmbeddedSystem(options);
    await system.untilServing();
    return system;
  }

  /** Resolves when every instance serves, crashed, or went to sleep. */
  async untilServing(): Promise<void> {
    const ready = await this.until(({ message }) => message === 'ready');
    await Promise.all((ready.models as readonly StartedModel[]).map((model) => this.#untilServed(model)));
  }

  get url(): string {
    return String(this.events.find(({ message }) => message === 'ready')?.url);
  }

  /** By which an instance that is started elsewhere on this machine joins. */
  get environment(): Readonly<Record<string, string>> {
    const ready = this.events.find(({ message }) => message === 'ready');
    return { ...this.#surroundings.environment, ...(ready?.environment as Record<string, string>) };
  }

  /** Process ids of every instance ever started, or of those of one instance, oldest first. */
  pids(source?: string): number[] {
    return this.events
      .filter((event) => event.message === 'Starting.' && (source === undefined || event.source === source))
      .map(({ pid }) => Number(pid));
  }

  /** The first event, past or to come, that matches. Rejects when the system ends without it. */
  async until(matches: (event: SystemEvent) => boolean): Promise<SystemEvent> {
    for (;;) {
      const found = this.events.find(matches);
      if (found) return found;
      if (this.#hasExited) throw new Error(`The system ended before the event:\n${this.#log()}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends a signal to every process of the group at once, as a terminal does on Ctrl-C. */
  signalGroup(signal: NodeJS.Signals): void {
    process.kill(-Number(this.#child.pid), signal);
  }

  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(`${this.url}${path}`, init);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const timer = setTimeout(() => {
      if (this.#withNpm) this.signalGroup('SIGKILL');
      this.#child.kill('SIGKILL');
      for (const pid of this.pids()) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
    }, TEARDOWN_MS);
    this.signal('SIGTERM');
    await this.exit;
    clearTimeout(timer);
  }

  /** The listing may be some seconds behind the instances. */
  async #untilServed({ name, instances }: StartedModel): Promise<void> {
    const late = instances.filter(({ state, crashes }) => state === 'starting' && crashes === 0);
    await Promise.all(
      late.map(({ id }) => this.until(({ source, message }) => source === id && HAS_SETTLED.test(message))),
    );
    const isAway = () =>
      late.some(({ id }) => this.events.some((event) => event.source === id && IS_AWAY.test(event.message)));
    while (late.length > 0 && !isAway()) {
      // Public, also with authentication.
      const { paths } = (await (await this.fetch('/openapi.json')).json()) as { paths: object };
      if (`/predict/${name}` in paths) return;
      await sleep(100);
    }
  }

  #note(line: string): void {
    this.events.push(
      line.startsWith('{') ? (JSON.parse(line) as SystemEvent) : { source: '', level: '', message: line },
    );
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  #log(): string {
    return [...this.events.map((event) => JSON.stringify(event)), ...this.complaints].join('\n');
  }
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
