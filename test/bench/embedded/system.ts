import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

/** What is measured: a checkout of the project, and the platform that it runs on. */
export interface Candidate {
  readonly name: string;
  readonly checkout: string;
  readonly args: readonly string[];
  /** Whether it takes `--data`. */
  readonly hasDataFolder: boolean;
  /** Settings besides those of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface RunningSystem {
  readonly url: string;
  /** From the start of the process until it serves. */
  readonly startMs: number;
  /** CPU microseconds of all its processes so far; undefined on systems other than Linux. */
  cpu(): Promise<number | undefined>;
  /** Resident bytes of all its processes; shared pages count for each of them. */
  memory(): Promise<number | undefined>;
  stop(): Promise<void>;
}

/** Instances and just-in-time compilers settle. */
const SETTLE_MS = 2_000;

export async function startSystem({ checkout, args, hasDataFolder, environment }: Candidate): Promise<RunningSystem> {
  const folder = await mkdtemp(join(tmpdir(), 'modelyard-bench-'));
  const data = hasDataFolder ? ['--data', folder] : [];
  const command = ['--disable-warning=ExperimentalWarning', 'bin/local.ts', '--port', '0', '--json', ...args, ...data];
  const startedAt = performance.now();
  const child = spawn(process.execPath, command, {
    cwd: checkout,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  });
  const lines = createInterface({ input: child.stdout });
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`The system ended with code ${code}.`)));
    lines.on('line', (line) => {
      const { url } = JSON.parse(line) as { readonly url?: string };
      if (url) resolve(url);
    });
  });
  const startMs = performance.now() - startedAt;
  // What follows is not read, because that would cost CPU.
  lines.close();
  child.stdout.resume();
  await sleep(SETTLE_MS);
  return {
    url,
    startMs,
    cpu: () => sumOver(Number(child.pid), cpuOf),
    memory: () => sumOver(Number(child.pid), residentBytesOf),
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'exit');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Sums over a process and all its descendants. */
async function sumOver(root: number, measureOf: (pid: number) => Promise<number>): Promise<number | undefined> {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    // The command name is in parentheses and may contain any character.
    parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
  }
  if (parents.size === 0) return undefined;
  const isOurs = (pid: number): boolean => pid === root || (parents.has(pid) && isOurs(parents.get(pid) ?? 0));
  const values = await Promise.all([...parents.keys()].filter(isOurs).map(measureOf));
  return values.reduce((sum, value) => sum + value, 0);
}

const PAGE_BYTES = 4096;

async function residentBytesOf(pid: number): Promise<number> {
  const statm = await readFile(`/proc/${pid}/statm`, 'utf8').catch(() => '0 0');
  return Number(statm.split(' ')[1]) * PAGE_BYTES;
}

/** In microseconds, counted by the scheduler in nanoseconds. */
async function cpuOf(pid: number): Promise<number> {
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => []);
  const used = await Promise.all(
    tasks.map(async (task) => {
      const text = await readFile(`/proc/${pid}/task/${task}/schedstat`, 'utf8').catch(() => '0');
      return Number(text.split(' ')[0]) / 1000;
    }),
  );
  return used.reduce((sum, us) => sum + us, 0);
}
