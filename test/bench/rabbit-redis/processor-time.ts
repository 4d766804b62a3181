import { readdir, readFile } from 'node:fs/promises';

/** CPU microseconds of this process and its descendants, by role. */
export type ProcessorTime = ReadonlyMap<string, number>;

/** Roles by command line. Other processes are ignored. */
const ROLES: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['gateway', /bin\/gateway\.ts/],
  ['instance', /runtime\/main\.ts/],
  ['RabbitMQ', /beam/],
  ['Redis', /redis-server/],
];
/** Linux counts CPU time in hundredths of a second. */
const TICK_US = 10_000;

/** CPU time so far. Empty on systems other than Linux. */
export async function processorTime(): Promise<ProcessorTime> {
  const used = new Map<string, number>();
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const all = (await Promise.all(pids.map(readProcess))).filter((one) => one !== undefined);
  const ours = new Set([process.pid]);
  // Children have higher process ids than their parents, unless ids wrap around.
  for (const { pid, parent } of all.toSorted((a, b) => a.pid - b.pid)) if (ours.has(parent)) ours.add(pid);
  for (const { pid, command, us } of all) {
    const role = pid === process.pid ? 'caller' : ROLES.find(([, pattern]) => pattern.test(command))?.[0];
    if (ours.has(pid) && role !== undefined) used.set(role, (used.get(role) ?? 0) + us);
  }
  return used;
}

/** CPU time between two readings, per task. */
export function perTask(before: ProcessorTime, after: ProcessorTime, tasks: number): ProcessorTime {
  return new Map([...after].map(([role, us]) => [role, (us - (before.get(role) ?? 0)) / tasks]));
}

async function readProcess(name: string) {
  try {
    const [stat, command] = await Promise.all([
      readFile(`/proc/${name}/stat`, 'utf8'),
      readFile(`/proc/${name}/cmdline`, 'utf8'),
    ]);
    // The command name is in parentheses and may contain any character.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const us = (Number(fields[11]) + Number(fields[12])) * TICK_US;
    return { pid: Number(name), parent: Number(fields[1]), command, us };
  } catch {
    // Recovery: the process has ended.
    return undefined;
  }
}
