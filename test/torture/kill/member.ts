import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { eachLine } from '#local/instance-process.ts';
import { NODE_ENVIRONMENT } from '#test/support/node-environment.ts';
import { atExit } from '#test/support/server-process.ts';

export interface MemberOptions {
  readonly name: string;
  /** Path of the program below the repository, then its arguments. */
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const RESTART_MS = [100, 2_000] as const;
const STOP_MS = 30_000;
/** Child processes must notice within this time that their parent was killed. */
const ORPHAN_MS = 10_000;
const LINES_KEPT = 40;

/** A process in a process group of its own, which is started again whenever it ends, as by an orchestrator. */
export class Member {
  readonly name: string;
  /** What it printed last. */
  readonly lines: string[] = [];
  /** Processes that a killed process left behind: what they are, and their state. */
  readonly orphans: string[] = [];
  readonly #options: MemberOptions;
  readonly #random: () => number;
  readonly #checks = new Set<Promise<void>>();
  #child: ChildProcess | undefined;
  #running: Promise<void> | undefined;
  #isStopping = false;

  constructor(options: MemberOptions, random: () => number) {
    this.name = options.name;
    this.#options = options;
    this.#random = random;
    atExit(() => this.#signalGroup(this.#child?.pid, 'SIGKILL'));
  }

  start(): void {
    this.#running ??= this.#keepRunning();
  }

  /** As the kernel does when memory runs out. */
  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  /** Kills a child process of the process. Returns false when it has none. */
  killChild(): boolean {
    const children = childrenOf(this.#child?.pid);
    const pid = children[Math.floor(this.#random() * children.length)];
    if (pid === undefined) return false;
    signal(pid, 'SIGKILL');
    return true;
  }

  /** Pauses the process and its children, as a hypervisor does. */
  async freeze(milliseconds: number): Promise<void> {
    const pid = this.#child?.pid;
    this.#signalGroup(pid, 'SIGSTOP');
    await sleep(milliseconds);
    this.#signalGroup(pid, 'SIGCONT');
  }

  /** Asks the process to end, and kills it after 30 seconds. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#child?.kill('SIGTERM');
    const timer = setTimeout(() => this.kill(), STOP_MS);
    await this.#running;
    clearTimeout(timer);
    await Promise.all(this.#checks);
  }

  async #keepRunning(): Promise<void> {
    while (!this.#isStopping) {
      const { args, environment } = this.#options;
      const child = spawn(process.execPath, [...args], {
        cwd: ROOT,
        detached: true,
        env: { ...NODE_ENVIRONMENT, ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      this.#child = child;
      for (const stream of [child.stdout, child.stderr]) eachLine(stream, (line) => this.#note(line));
      await new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()));
      this.#checkOrphans(child.pid);
      const [shortest, longest] = RESTART_MS;
      if (!this.#isStopping) await sleep(shortest + this.#random() * (longest - shortest));
    }
  }

  #checkOrphans(pid: number | undefined): void {
    const check = this.#waitForGroup(pid).finally(() => this.#checks.delete(check));
    this.#checks.add(check);
  }

  async #waitForGroup(pid: number | undefined): Promise<void> {
    // Whoever was killed while it was frozen has left frozen children, which notice nothing.
    this.#signalGroup(pid, 'SIGCONT');
    const endsAt = Date.now() + ORPHAN_MS;
    while (this.#signalGroup(pid, 0)) {
      if (Date.now() > endsAt) {
        this.orphans.push(...processesOf(pid).map((found) => `${this.name}: ${found}`));
        this.#signalGroup(pid, 'SIGKILL');
        return;
      }
      await sleep(100);
    }
  }

  #signalGroup(pid: number | undefined, name: NodeJS.Signals | 0): boolean {
    return pid !== undefined && signal(-pid, name);
  }

  #note(line: string): void {
    this.lines.push(line);
    if (this.lines.length > LINES_KEPT) this.lines.shift();
  }
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    // Recovery: it has ended.
    return false;
  }
}

/** The processes of a group that have not ended: state and command line. */
function processesOf(group: number | undefined): readonly string[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      const [state, , itsGroup] = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ');
      if (Number(itsGroup) !== group || state === 'Z') return [];
      return [`${state} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`];
    } catch {
      // Recovery: it has ended, or this is no process.
      return [];
    }
  });
}

function childrenOf(pid: number | undefined): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    // Recovery: it has ended, or this is not Linux.
    return [];
  }
}
