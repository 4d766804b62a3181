import { setTimeout as sleep } from 'node:timers/promises';
import { isTerminal, submitTask, waitForTask } from '#core';
import type { Platform } from '#platform/platform.ts';
import { ModelBRequest } from '#proto/models/model_b.ts';
import { CONTRACT, createTestWorkerOn } from '#test/support/test-worker.ts';

export interface SharingOptions {
  readonly platform: Platform;
  /** Tasks that the first owner queues at once. */
  readonly backlog: number;
  /** Duration of each task. */
  readonly serviceMs: number;
  readonly slots: number;
}

export interface Sharing {
  /** Times are milliseconds since the start of the runs. */
  readonly runs: readonly { readonly at: number; readonly isShared: boolean }[];
  /** Of the second owner: when each task was submitted, and how long its result took. */
  readonly single: readonly { readonly at: number; readonly latencyMs: number }[];
  /** Runs of the first owner per second, in the periods without and with the second one. */
  readonly alone: number;
  readonly shared: number;
}

/** The second owner submits in every other period. So both kinds meet the same other load on the machine. */
const PERIOD_MS = 10_000;
const SUBMIT_EVERY_MS = 1000;
const MAX_CONCURRENT_SUBMITS = 64;

/** One owner queues a backlog, then another one submits a task each second. */
export async function share({ platform, backlog, serviceMs, slots }: SharingOptions): Promise<Sharing> {
  const runs: { at: number; isShared: boolean }[] = [];
  const single: { at: number; latencyMs: number }[] = [];
  let startedAt = 0;
  const now = () => performance.now() - startedAt;
  const isShared = (at: number) => Math.floor(at / PERIOD_MS) % 2 === 1;
  const predict = async (_: unknown, { value }: { value: number }) => {
    await sleep(serviceMs);
    if (value === 0) runs.push({ at: now(), isShared: isShared(now()) });
    return { value };
  };
  const worker = createTestWorkerOn({ predict }, { platform, manifest: { slots } });
  const submit = (owner: string, value: number) =>
    submitTask(platform, {
      ...{ owner, model: 'model_b', contract: CONTRACT, limits: { timeoutSeconds: 60 } },
      request: ModelBRequest.encode({ value }),
    });

  let queued = 0;
  const queue = async () => {
    while (queued++ < backlog) await submit('many', 0);
  };
  await Promise.all(Array.from({ length: MAX_CONCURRENT_SUBMITS }, queue));
  startedAt = performance.now();
  void worker.start();

  const measureOne = async () => {
    const at = now();
    const task = await submit('one', 1);
    const ended = await waitForTask(platform, { id: task.id, owner: 'one', waitMs: 60_000, known: task });
    if (!isTerminal(ended.state)) throw new Error('A single task has not ended after a minute.');
    single.push({ at, latencyMs: now() - at });
  };
  const measuring: Promise<void>[] = [];
  while (runs.length < backlog) {
    await sleep(SUBMIT_EVERY_MS);
    if (isShared(now()) && runs.length < backlog) measuring.push(measureOne());
  }
  await Promise.all(measuring);
  const lastMs = now();
  await worker.stop();
  return { runs, single, ...ratesOf(runs, lastMs) };
}

/** Counts whole periods only. */
function ratesOf(runs: Sharing['runs'], lastMs: number): Pick<Sharing, 'alone' | 'shared'> {
  const periods = Math.floor(lastMs / PERIOD_MS / 2) * 2;
  const counted = runs.filter(({ at }) => at < periods * PERIOD_MS);
  const seconds = ((periods / 2) * PERIOD_MS) / 1000;
  const shared = counted.filter((run) => run.isShared).length;
  return { alone: (counted.length - shared) / seconds, shared: shared / seconds };
}
