import { setTimeout as sleep } from 'node:timers/promises';
import { cancelTask, getTask, isTerminal, ModelyardError, type Task } from '#core';
import type { Platform } from '#platform/platform.ts';
import type { ModelBackend } from '#runtime/backends/model-backend.ts';
import { inProcessBackend } from '#test/support/in-process-model.ts';
import { createTestWorkerOn, define, type Predict } from '#test/support/test-worker.ts';

export interface RaceOptions {
  readonly platform: Platform;
  /** Tasks that are submitted and canceled. */
  readonly cancels: number;
  /** How many of them exist at a time. @default 20 */
  readonly atOnce?: number;
}

export interface RaceReport {
  readonly canceled: number;
  readonly succeeded: number;
  /** Cancels of tasks whose run had not started. */
  readonly neverRan: number;
  /** Milliseconds from the request to cancel until the model's signal aborted, of runs that were aborted. */
  readonly signalMs: readonly number[];
  /** What must not happen, one sentence each. */
  readonly faults: readonly string[];
}

/** Longest run, so that a cancel meets every moment of a run. */
const MAX_RUN_MS = 30;
const SLOTS = 8;
const OWNER = 'local';
/** Time in which a late message or a late worker would change a task. */
const AFTERMATH_MS = 2_000;

interface Racer {
  /** When the instance handed the task to its model. */
  startedAt?: number;
  askedAt?: number;
  answeredAt?: number;
  abortedAt?: number;
  wasAccepted?: boolean;
  ended?: Task;
}

/** Cancels tasks of a worker at random moments: in the queue, at the start, during the run, at its end and after it. */
export async function raceCancels({ platform, cancels, atOnce = 20 }: RaceOptions): Promise<RaceReport> {
  const racers: Racer[] = Array.from({ length: cancels }, () => ({}));
  const faults: string[] = [];
  const predict: Predict = async (_state, { value }, { signal }) => {
    const racer = racers[value] as Racer;
    const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    void aborted.then(() => {
      racer.abortedAt ??= performance.now();
    });
    // Every third run ignores its signal.
    const run = sleep(Math.random() * MAX_RUN_MS);
    await (value % 3 === 0 ? run : Promise.race([run, aborted]));
    // Every tenth run lasts until it is aborted.
    if (value % 10 === 1 && racer.askedAt !== undefined) await aborted;
    return { value };
  };
  const byId = new Map<string, Racer>();
  const backend = noting(inProcessBackend(define({ predict }, { slots: SLOTS })), (id) => {
    const racer = byId.get(id);
    if (racer) racer.startedAt ??= performance.now();
  });
  const worker = createTestWorkerOn({ backend }, { platform });
  void worker.start();

  async function race(value: number): Promise<void> {
    const racer = racers[value] as Racer;
    const task = await worker.submit(value);
    byId.set(task.id, racer);
    await sleep(Math.random() * MAX_RUN_MS * 3);
    racer.askedAt = performance.now();
    racer.wasAccepted = await cancelTask(platform, { id: task.id, owner: OWNER }).then(() => true, isRefusal);
    racer.answeredAt = performance.now();
    racer.ended = await getTask(platform, { id: task.id, owner: OWNER });
  }

  let next = 0;
  const lane = async () => {
    while (next < cancels) await race(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  await sleep(AFTERMATH_MS);
  await worker.stop();
  for (const [value, racer] of racers.entries()) faults.push(...(await faultsOf(platform, value, racer)));
  const states = racers.map(({ ended }) => ended?.state);
  return {
    canceled: states.filter((state) => state === 'canceled').length,
    succeeded: states.filter((state) => state === 'succeeded').length,
    neverRan: racers.filter(({ startedAt }) => startedAt === undefined).length,
    signalMs: racers.flatMap(({ abortedAt, askedAt = 0 }) => (abortedAt === undefined ? [] : [abortedAt - askedAt])),
    faults,
  };
}

/** Notes when tasks are handed to the model. */
const noting = (backend: ModelBackend, note: (taskId: string) => void): ModelBackend => ({
  launch() {
    const process = backend.launch();
    const run = process.run.bind(process);
    process.run = (requests) => {
      for (const { taskId } of requests) note(taskId);
      return run(requests);
    };
    return process;
  },
});

function isRefusal(error: unknown): false {
  if (error instanceof ModelyardError && error.code === 'task_ended') return false;
  throw error;
}

async function faultsOf(platform: Platform, value: number, racer: Racer): Promise<string[]> {
  const { ended, wasAccepted, startedAt = 0, answeredAt = Infinity } = racer;
  if (!ended) return [`Task ${value} was not raced.`];
  const now = await getTask(platform, { id: ended.id, owner: OWNER });
  // Where reads cost money, a task may start on what was known shortly before.
  const toleranceMs = platform.tasks.cancels.startAgeMs + 5;
  return [
    ...(isTerminal(ended.state) ? [] : [`Task ${value} was ${ended.state} after its cancel was answered.`]),
    ...(now.state === ended.state ? [] : [`Task ${value} was ${ended.state}; then it was ${now.state}.`]),
    ...((ended.state === 'canceled') === wasAccepted
      ? []
      : [`Task ${value} is ${ended.state}; accepted: ${wasAccepted}.`]),
    ...(wasAccepted && startedAt > answeredAt + toleranceMs
      ? [`Task ${value} ran ${(startedAt - answeredAt).toFixed(0)} ms after its cancel was answered.`]
      : []),
    ...(ended.state === 'canceled' && now.result ? [`Task ${value} is canceled and has a result.`] : []),
  ];
}
