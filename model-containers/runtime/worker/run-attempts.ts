import type { BlobStore, Clock, EventOutcome, Logger, Span, TaskError, TaskStore } from '#core';
import type { AbortCause, RunRequest } from '../backends/model-backend.ts';
import { type Attempt, startOf, trailOf } from './attempt.ts';
import type { CancelWatch } from './cancel-watch.ts';
import type { LiveRun, Outcome } from './model-life.ts';
import type { ScheduledRun } from './run-scheduler.ts';
import type { RunningModel } from './running-model.ts';
import { ToldLog } from './told-log.ts';

export interface RunDeps {
  readonly model: Pick<RunningModel, 'run' | 'reacts' | 'condition'>;
  /** Time limit of a run. */
  readonly timeoutSeconds: number;
  readonly tasks: Pick<TaskStore, 'apply' | 'get'>;
  readonly blobs: BlobStore;
  readonly contractHash: string;
  readonly cancels: Pick<CancelWatch, 'mayStart' | 'watch'>;
  readonly clock: Clock;
  /** Its id, for the history of tasks. */
  readonly instance?: string | undefined;
  readonly logger: Logger;
  /** Aborts every run. */
  readonly stopNow: AbortSignal;
}

interface Times {
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly endedAt: number;
}

/** How a run ended for one task. */
export type RunEnd = (
  | { readonly type: 'answered'; readonly response: Uint8Array }
  /** The run is charged. A suspect runs alone from now on. */
  | { readonly type: 'failed'; readonly error: TaskError; readonly isSuspect: boolean }
  | { readonly type: 'aborted'; readonly cause: Exclude<AbortCause, 'timeout'> }
  /** The run is not charged: the process ended or was blocked, and another task may be the cause. */
  | { readonly type: 'repeat'; readonly alone: boolean }
  /** The task did not run, because the store refused its start. */
  | { readonly type: 'refused'; readonly outcome: Exclude<EventOutcome, 'applied'> }
) &
  Times;

/** The start of a shorter run is not recorded: its result is the second and last write of the task. */
const RECORD_START_AFTER_MS = 300;

/** Aborting without a reason creates a DOMException, which is expensive. */
const DECIDED = 'The run is decided.';

/** Starts one run of one or more tasks. */
export function runAttempts(deps: RunDeps, attempts: readonly Attempt[]): ScheduledRun<RunEnd> {
  const ends = attempts.map(() => Promise.withResolvers<RunEnd>());
  return { ends: ends.map(({ promise }) => promise), finished: run() };

  async function run(): Promise<void> {
    const cancels = attempts.map(({ envelope }) => watchCancel(deps, envelope.taskId));
    const claims = await Promise.allSettled(attempts.map((attempt) => claim(deps, attempt)));
    const claimed = attempts.filter((_, i) => {
      const { status, value: refusal, reason } = claims[i] as PromiseFulfilledResult<RunEnd> & PromiseRejectedResult;
      if (status !== 'fulfilled' || refusal) cancels[i]?.stop();
      if (status !== 'fulfilled') ends[i]?.reject(reason);
      else if (refusal) ends[i]?.resolve(refusal);
      return status === 'fulfilled' && !refusal;
    });
    if (claimed.length === 0) return;
    const startedAt = deps.clock.now();
    const spans = claimed.map((attempt) => attempt.spans?.predicting(startedAt));
    const live = deps.model.run(claimed.map((attempt, at) => requestOf(deps, attempt, { startedAt, span: spans[at] })));
    claimed.forEach((attempt, position) => {
      const index = attempts.indexOf(attempt);
      const { ended: canceled, stop } = cancels[index] as Canceling;
      const context = { attempt, position, size: claimed.length, startedAt, live, canceled };
      ends[index]?.resolve(spanned(spans[position], untilEnd(deps, context).finally(stop)));
    });
    await Promise.all(live.outcomes);
  }
}

/** Ends the span of a run with it. */
async function spanned(span: Span | undefined, ending: Promise<RunEnd>): Promise<RunEnd> {
  const end = await ending;
  span?.end({ at: end.endedAt, error: end.type === 'failed' ? end.error.code : undefined });
  return end;
}

const requestOf = (
  deps: RunDeps,
  attempt: Attempt,
  { startedAt, span }: { readonly startedAt: number; readonly span: Span | undefined },
): RunRequest => ({
  taskId: attempt.envelope.taskId,
  requestId: attempt.envelope.requestId,
  attempt: attempt.number,
  trace: span?.context ?? attempt.envelope.trace,
  routingKey: attempt.envelope.routingKey,
  source: {
    owner: attempt.envelope.owner,
    at: attempt.envelope.submittedAt,
    contractHash: attempt.envelope.contractHash,
  },
  body: attempt.request,
  onReport(report) {
    // Who tells of its progress runs for long, so its start is recorded at once.
    const start = () => recordStart(deps, attempt, { at: startedAt, abort: () => undefined });
    attempt.told ??= new ToldLog({ ...deps, recordStart: start }, attempt);
    attempt.told.report(report);
  },
});

interface Canceling {
  /** Resolves when the task is found to have ended. */
  readonly ended: Promise<void>;
  readonly stop: () => void;
}

function watchCancel({ cancels }: RunDeps, taskId: string): Canceling {
  const ended = Promise.withResolvers<void>();
  return { ended: ended.promise, stop: cancels.watch(taskId, ended.resolve) };
}

/**
 * Records the start if the attempt requires it. Resolves with a `RunEnd` if the store refuses the start or the task was
 * canceled.
 */
async function claim({ tasks, clock, cancels, instance }: RunDeps, attempt: Attempt): Promise<RunEnd | undefined> {
  const at = clock.now();
  if (!attempt.claim) {
    if (await cancels.mayStart(attempt.envelope)) return undefined;
    return { type: 'refused', outcome: 'terminal', startedAt: at, endedAt: at };
  }
  const outcome = await tasks.apply(attempt.envelope.taskId, { ...attempt.claim, at, instance });
  if (outcome !== 'applied') return { type: 'refused', outcome, startedAt: at, endedAt: at };
  attempt.isRecorded = true;
  attempt.claim = undefined;
  return undefined;
}

interface Context {
  readonly attempt: Attempt;
  readonly position: number;
  /** Number of tasks in the run. */
  readonly size: number;
  readonly startedAt: number;
  readonly live: LiveRun;
  readonly canceled: Promise<void>;
}

/** Resolves when the outcome of one task is decided. The model may still be running then. */
async function untilEnd(deps: RunDeps, context: Context): Promise<RunEnd> {
  const { attempt, position, startedAt, live, canceled } = context;
  const { delivery } = attempt;
  const aborted = Promise.withResolvers<AbortCause>();
  const decided = new AbortController();
  const onLeaseLost = () => aborted.resolve('lease-lost');
  const onStop = () => aborted.resolve('stopping');
  delivery.lease.addEventListener('abort', onLeaseLost);
  deps.stopNow.addEventListener('abort', onStop);
  if (delivery.lease.aborted) onLeaseLost();
  if (deps.stopNow.aborted) onStop();
  void canceled.then(() => aborted.resolve('task-ended'));
  void watchTime(deps, context, { abort: aborted.resolve, decided: decided.signal });
  const first = await Promise.race([live.outcomes[position] as Promise<Outcome>, aborted.promise]);
  const endedAt = deps.clock.now();
  decided.abort(DECIDED);
  delivery.lease.removeEventListener('abort', onLeaseLost);
  deps.stopNow.removeEventListener('abort', onStop);
  if (typeof first !== 'string') return { ...endOf(first), startedAt, endedAt };
  const wasAlone = live.wasAlone();
  live.abort(position, first);
  if (first !== 'timeout') return { type: 'aborted', cause: first, startedAt, endedAt };
  return { ...(await endOfTimeout(deps, context, wasAlone)), startedAt, endedAt };
}

type Undated<T> = T extends unknown ? Omit<T, keyof Times> : never;

function endOf(outcome: Outcome): Undated<RunEnd> {
  if ('response' in outcome) return { type: 'answered', response: outcome.response };
  if ('failure' in outcome) return { type: 'failed', error: outcome.failure, isSuspect: false };
  const { exit, verdict } = outcome;
  if (verdict !== 'guilty') return { type: 'repeat', alone: verdict === 'repeat-alone' };
  const error = { code: 'model_crashed', message: `The model process ${exit.description}`, retryable: true };
  return { type: 'failed', error, isSuspect: true };
}

/**
 * Charges a timeout only if the task itself was too slow: it was alone in the process, or the thread was never blocked
 * and the task was alone in its run or had a shorter timeout than the model's limit.
 */
async function endOfTimeout(
  deps: RunDeps,
  { attempt, size, live }: Context,
  wasAlone: boolean,
): Promise<Undated<RunEnd>> {
  const error = { code: 'timeout', message: 'The run exceeded its time limit.', retryable: true };
  if (wasAlone) return { type: 'failed', error, isSuspect: deps.model.condition === 'blocked' };
  if (!(await deps.model.reacts()) || live.wasStalled()) return { type: 'repeat', alone: true };
  const askedForLess = (attempt.envelope.timeoutSeconds ?? Infinity) < deps.timeoutSeconds;
  if (size > 1 && !askedForLess) return { type: 'repeat', alone: true };
  return { type: 'failed', error, isSuspect: size > 1 };
}

interface Watch {
  readonly abort: (cause: AbortCause) => void;
  /** Aborts when the outcome is decided. */
  readonly decided: AbortSignal;
}

/** Aborts a run at its timeout or at the deadline of its task. Records the start of a long run. */
async function watchTime(deps: RunDeps, { attempt, startedAt }: Context, { abort, decided }: Watch): Promise<void> {
  const { clock, timeoutSeconds } = deps;
  const { envelope } = attempt;
  const timeoutMs = 1000 * Math.min(envelope.timeoutSeconds ?? timeoutSeconds, timeoutSeconds);
  const deadlineMs = Math.max(0, envelope.deadlineAt - startedAt);
  const endMs = Math.min(timeoutMs, deadlineMs);
  await clock.sleep(Math.min(RECORD_START_AFTER_MS, endMs), decided);
  if (endMs > RECORD_START_AFTER_MS && !decided.aborted) {
    void recordStart(deps, attempt, { at: startedAt, abort });
    await clock.sleep(endMs - RECORD_START_AFTER_MS, decided);
  }
  if (!decided.aborted) abort(deadlineMs < timeoutMs ? 'deadline' : 'timeout');
}

/** Records the start of a run. Aborts the run if its task has ended elsewhere. */
async function recordStart(
  { tasks, logger, instance }: RunDeps,
  attempt: Attempt,
  { at, abort }: { readonly at: number; readonly abort: (cause: AbortCause) => void },
): Promise<void> {
  if (attempt.isRecorded) return;
  attempt.isRecorded = true;
  const { taskId } = attempt.envelope;
  try {
    const outcome = await tasks.apply(taskId, { ...startOf(attempt), at, instance });
    if (outcome === 'superseded') abort('lease-lost');
    else if (outcome !== 'applied') abort('task-ended');
  } catch (error) {
    // Recovery: the run goes on. The result does not need a recorded start.
    logger.warn('The start of a run could not be recorded.', { ...trailOf(attempt.envelope), reason: String(error) });
  }
}
