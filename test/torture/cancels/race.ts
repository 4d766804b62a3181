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
  /** @default 8 */
  readonly slots?: number;
  /** Longest run, so that a cancel meets every moment of a run. @default 30 */
  readonly maxRunMs?: number;
  /** Tasks that exist at a time. @default 20 */
  readonly atOnce?: number;
}

/** The emulators and the worker share one thread: with fewer slots, tasks wait there too. */
export const PACE: Readonly<Record<string, Omit<RaceOptions, 'platform' | 'cancels'>>> = {
  aws: { slots: 4, maxRunMs: 120, atOnce: 40 },
};

export interface RaceReport {
  readonly canceled: number;
  readonly succeeded: number;
  /** Canceled tasks that never ran. */
  readonly neverRan: number;
  /** Requests that were repeated, because the store did not answer in time. */
  readonly repeated: number;
  /** Milliseconds from the request to cancel until the model's signal aborted, of runs that were aborted. */
  readonly signalMs: readonly number[];
  /** What must not happen, one sentence each. */
  readonly faults: readonly string[];
}

const OWNER = 'local';
/** From the decision to start a task to its start. */
const START_MS = 5;
/** Time in which a late message or a late worker would change a task. */
const AFTERMATH_MS = 2_000;

interface Racer {
  /** When the instance handed the task to its model. */
  startedAt?: number;
  askedAt?: number;
  answeredAt?: number;
  abortedAt?: number;
  wasAccepted?: boolean;
  repeats?: number;
  ended?: Task;
}

/** Cancels tasks of a worker at random moments: in the queue, at the start, during the run, at its end and after it. */
export async function raceCancels(options: RaceOptions): Promise<RaceReport> {
  const { platform, cancels, slots = 8, maxRunMs = 30, atOnce = 20 } = options;
  const racers: Racer[] = Array.from({ length: cancels }, () => ({}));
  const faults: string[] = [];
  const predict: Predict = async (_state, { value }, { signal }) => {
    const racer = racers[value] as Racer;
    const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    void aborted.then(() => {
      racer.abortedAt ??= performance.now();
    });
    // Every third run ignores its signal.
    const run = sleep(Math.random() * maxRunMs);
    await (value % 3 === 0 ? run : Promise.race([run, aborted]));
    // Every tenth run lasts until it is aborted.
    if (value % 10 === 1 && racer.askedAt !== undefined) await aborted;
    return { value };
  };
  const byId = new Map<string, Racer>();
  const backend = noting(inProcessBackend(define({ predict }, { slots })), (id) => {
    const racer = byId.get(id);
    if (racer) racer.startedAt ??= performance.now();
  });
  const worker = createTestWorkerOn({ backend }, { platform });
  void worker.start();

  async function race(value: number): Promise<void> {
    const racer = racers[value] as Racer;
    const task = await asked(racer, () => worker.submit(value));
    byId.set(task.id, racer);
    await sleep(Math.random() * maxRunMs * 3);
    racer.askedAt = performance.now();
    racer.wasAccepted = await askToCancel(platform, task.id, racer);
    racer.answeredAt = performance.now();
    racer.ended = await asked(racer, () => getTask(platform, { id: task.id, owner: OWNER }));
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
    neverRan: racers.filter(({ startedAt, ended }) => startedAt === undefined && ended?.state === 'canceled').length,
    repeated: racers.reduce((sum, { repeats = 0 }) => sum + repeats, 0),
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

/** Asks again like a caller who was answered 503. */
async function asked<T>(racer: Racer, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (codeOf(error) !== 'store_unavailable') throw error;
      racer.repeats = (racer.repeats ?? 0) + 1;
    }
  }
}

/** Whether the cancel was accepted. */
async function askToCancel(platform: Platform, id: string, racer: Racer): Promise<boolean> {
  const lookup = { id, owner: OWNER };
  try {
    await asked(racer, () => cancelTask(platform, lookup));
    return true;
  } catch (error) {
    if (codeOf(error) !== 'task_ended') throw error;
    // The first of several may have been accepted without an answer.
    return racer.repeats !== undefined && (await asked(racer, () => getTask(platform, lookup))).state === 'canceled';
  }
}

const codeOf = (error: unknown) => (error instanceof ModelyardError ? error.code : undefined);

async function faultsOf(platform: Platform, value: number, racer: Racer): Promise<string[]> {
  const { ended, wasAccepted, startedAt = 0, answeredAt = Infinity } = racer;
  if (!ended) return [`Task ${value} was not raced.`];
  const now = await asked(racer, () => getTask(platform, { id: ended.id, owner: OWNER }));
  return [
    ...(isTerminal(ended.state) ? [] : [`Task ${value} was ${ended.state} after its cancel was answered.`]),
    ...(now.state === ended.state ? [] : [`Task ${value} was ${ended.state}; then it was ${now.state}.`]),
    ...((ended.state === 'canceled') === wasAccepted
      ? []
      : [`Task ${value} is ${ended.state}; accepted: ${wasAccepted}.`]),
    ...(wasAccepted && startedAt > answeredAt + START_MS
      ? [`Task ${value} ran ${(startedAt - answeredAt).toFixed(0)} ms after its cancel was answered.`]
      : []),
    ...(ended.state === 'canceled' && now.result ? [`Task ${value} is canceled and has a result.`] : []),
  ];
}
