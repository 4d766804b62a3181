import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedSystem, isRunning } from '#test/support/embedded-system.ts';
import { AcceptedTasks } from './accepted-tasks.ts';

export interface KillOptions {
  readonly kills: number;
  readonly random: () => number;
  readonly onKill?: (kill: number, accepted: number) => void;
}

export interface KillReport {
  readonly accepted: number;
  /** What was lost, wrong or forgotten; empty when everything is well. */
  readonly faults: readonly string[];
}

const SUBMITTERS = 4;
/** Half of the kills come while the system starts, the others while it works. */
const LATEST_DURING_START_MS = 2_000;
const LATEST_AT_WORK_MS = 1_500;
/** Kills of one process; all others are of every process at once. */
const SHARE_OF_SINGLE_KILLS = 0.3;

/** Kills systems on one data folder with SIGKILL at random moments, then checks every task that was accepted. */
export async function killSystems({ kills, random, onKill }: KillOptions): Promise<KillReport> {
  const tasks = new AcceptedTasks(random);
  let system: EmbeddedSystem | undefined;
  for (let kill = 1; kill <= kills; kill++) {
    system = new EmbeddedSystem({ inGroup: true, ...(system ? { after: system } : {}) });
    try {
      await work(system, tasks, random);
    } finally {
      killGroup(system, tasks);
      await system.exit;
    }
    onKill?.(kill, tasks.count);
  }
  await using last = await EmbeddedSystem.start({ inGroup: true, ...(system ? { after: system } : {}) });
  await tasks.readAll(last);
  return { accepted: tasks.count, faults: tasks.faults };
}

/** Lets a system work until the moment at which it is to be killed. */
async function work(system: EmbeddedSystem, tasks: AcceptedTasks, random: () => number): Promise<void> {
  if (random() < 0.5) return sleep(random() * LATEST_DURING_START_MS);
  await Promise.race([workForAWhile(system, tasks, random), system.exit]);
}

async function workForAWhile(system: EmbeddedSystem, tasks: AcceptedTasks, random: () => number): Promise<void> {
  // On a busy machine, instances register long after the system has told that it is ready.
  await system.untilServing();
  const over = AbortSignal.timeout(Math.floor(random() * LATEST_AT_WORK_MS));
  const submitting = Array.from({ length: SUBMITTERS }, () => tasks.submitUntil(system, over));
  const reading = tasks.readSome(system, 20);
  if (random() < SHARE_OF_SINGLE_KILLS) await killOne(system, random);
  await Promise.all([...submitting, reading]);
}

/** Kills every process of a system at once. */
function killGroup(system: EmbeddedSystem, tasks: AcceptedTasks): void {
  try {
    system.signalGroup('SIGKILL');
  } catch {
    // Recovery: nothing is left of it, which is a fault of its own.
    tasks.faults.push(`A system ended by itself: ${system.complaints.join(' ')}`);
  }
}

async function killOne(system: EmbeddedSystem, random: () => number): Promise<void> {
  await sleep(random() * LATEST_AT_WORK_MS);
  const pids = system.pids().filter(isRunning);
  const pid = pids[Math.floor(random() * pids.length)];
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
}
