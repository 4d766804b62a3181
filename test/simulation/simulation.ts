import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Violation } from './oracle/oracle.ts';
import type { PlantName } from './plants/plants.ts';
import type { SeedMessage, SeedRange } from './run-seeds.ts';

export interface SimulationOptions {
  readonly from: number;
  readonly seeds: number;
  /** @default as many as there are processors */
  readonly threads?: number;
  /** A defect to put into the code first. */
  readonly plant?: PlantName;
  /** Goes on after a seed that breaks a rule. @default false */
  readonly isKeepingOn?: boolean;
  readonly onProgress?: (seeds: number, steps: number) => void;
}

interface Failure {
  readonly seed: number;
  readonly violation: Violation;
}

export interface SimulationResult {
  readonly seeds: number;
  readonly steps: number;
  readonly seconds: number;
  /** The seeds that broke a rule, in their order. */
  readonly failures: readonly Failure[];
}

/** What a thread is told to do. */
export type ThreadTask = { readonly plant?: PlantName } & (
  | ({ readonly kind: 'range' } & SeedRange)
  | { readonly kind: 'trace' | 'report'; readonly seed: number }
);

export type ThreadMessage = SeedMessage | { readonly kind: 'line'; readonly line: string };

/** Plays seeds in threads, and ends soon after the first that breaks a rule. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const { from, seeds, threads = availableParallelism(), plant, isKeepingOn = false, onProgress } = options;
  const failures: Failure[] = [];
  const done = { seeds: 0, steps: 0 };
  const startedAt = performance.now();
  const workers: Worker[] = [];
  const stopAll = () => Promise.all(workers.map((worker) => worker.terminate()));

  const hear = (message: ThreadMessage) => {
    if (message.kind === 'line') return;
    if (message.kind === 'violation') {
      failures.push({ seed: message.seed, violation: message.violation });
      if (!isKeepingOn) void stopAll();
      return;
    }
    done.seeds += message.seeds;
    done.steps += message.steps;
    onProgress?.(done.seeds, done.steps);
  };

  const stride = Math.min(threads, seeds);
  const runs = Array.from({ length: stride }, (_, i) => {
    const count = Math.ceil((seeds - i) / stride);
    const task: ThreadTask = { kind: 'range', from: from + i, count, stride, isKeepingOn, ...(plant ? { plant } : {}) };
    const { worker, ended } = start(task, hear);
    workers.push(worker);
    return ended;
  });
  try {
    await Promise.all(runs);
  } finally {
    await stopAll();
  }
  const seconds = (performance.now() - startedAt) / 1000;
  return { ...done, seconds, failures: failures.sort((a, b) => a.seed - b.seed) };
}

/** Shows one seed line by line: all that happens in it, or the smallest form of its failure. */
export async function show(kind: 'trace' | 'report', seed: number, print: (line: string) => void): Promise<void> {
  await start({ kind, seed }, (message) => message.kind === 'line' && print(message.line)).ended;
}

function start(task: ThreadTask, hear: (message: ThreadMessage) => void) {
  const worker = new Worker(new URL('./simulate-thread.ts', import.meta.url), { workerData: task });
  worker.on('message', hear);
  const ended = new Promise<void>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', () => resolve());
  });
  return { worker, ended };
}
