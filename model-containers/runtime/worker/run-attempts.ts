import type { Clock, EventOutcome, Logger, TaskError, TaskStore } from '#core';
import type { AbortCause } from '../backends/model-backend.ts';
import { type Attempt, startOf } from './attempt.ts';
import type { LiveRun, Outcome } from './model-life.ts';
import type { ScheduledRun } from './run-scheduler.ts';
import type { RunningModel } from './running-model.ts';

export interface RunDeps {
  readonly model: Pick<RunningModel, 'run' | 'reacts' | 'wasStalledSince' | 'unanswered' | 'condition'>;
  /** The longest run of the model. */
  readonly timeoutSeconds: number;
  readonly tasks: Pick<TaskStore, 'apply'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends every run early. */
  readonly stopNow: AbortSignal;
}

interface Times {
  /** When the run began and ended, Unix milliseconds. */
  readonly startedAt: number;
  readonly endedAt: number;
}

/** How a run ended for one task. */
export type RunEnd = (
  | { readonly type: 'answered'; readonly response: Uint8Array }
  /** Charged to the task. As a suspect, the task runs alone from now on. */
  | { readonly type: 'failed'; readonly error: TaskError; readonly isSuspect: boolean }
  | { readonly type: 'aborted'; readonly cause: Exclude<AbortCause, 'timeout'> }
  /** Not charged: the process ended or was blocked, and another task may be the reason. */
  | { readonly type: 'repeat'; readonly alone: boolean }
  /** Not run: the store refused its start. */
  | { readonly type: 'refused'; readonly outcome: Exclude<EventOutcome, 'applied'> }
) &
  Times;

/** A run shorter than this is never seen running: its result is the second and last write of its task. */
const ANNOUNCE_AFTER_MS = 300;

/** Aborting without a reason creates a DOMException, which is expensive. */
const DECIDED = 'The run is decided.';

/** Starts one run of one or more tasks. */
export function runAttempts(deps: RunDeps, attempts: readonly Attempt[]): ScheduledRun<RunEnd> {
  const ends = attempts.map(() => Promise.withResolvers<RunEnd>());
  return { ends: ends.map(({ promise }) => promise), finished: run() };

  async function run(): Promise<void> {
    const claims = await Promise.allSettled(attempts.map((attempt) => claim(deps, attempt)));
    const claimed = attempts.filter((_, i) => {
      const { status, value: refusal, reason } = claims[i] as PromiseFulfilledResult<RunEnd> & PromiseRejectedResult;
      if (status !== 'fulfilled') ends[i]?.reject(reason);
      else if (refusal) ends[i]?.resolve(refusal);
      return status === 'fulfilled' && !refusal;
    });
    if (claimed.length === 0) return;
    const startedAt = deps.clock.now();
    const live = deps.model.run(claimed.map(requestOf));
    claimed.forEach((attempt, position) => {
      const context = { attempt, position, size: claimed.length, startedAt, live };
      ends[attempts.indexOf(attempt)]?.resolve(untilEnd(deps, context));
    });
    await Promise.all(live.outcomes);
  }
}

const requestOf = ({ envelope, number, request }: Attempt) => ({
  taskId: envelope.taskId,
  attempt: number,
  trace: envelope.trace,
  body: request,
});

/** Records the start of a run that has to be recorded; resolves with the end of one that may not begin. */
async function claim({ tasks, clock }: RunDeps, attempt: Attempt): Promise<RunEnd | undefined> {
  if (!attempt.claim) return undefined;
  const at = clock.now();
  const outcome = await tasks.apply(attempt.envelope.taskId, { ...attempt.claim, at });
  if (outcome !== 'applied') return { type: 'refused', outcome, startedAt: at, endedAt: at };
  attempt.isRecorded = true;
  attempt.claim = undefined;
  return undefined;
}

interface Context {
  readonly attempt: Attempt;
  readonly position: number;
  /** Tasks in the run. */
  readonly size: number;
  readonly startedAt: number;
  readonly live: LiveRun;
}

/** Follows one task through its run until it is decided, which may be before the model has finished with it. */
async function untilEnd(deps: RunDeps, context: Context): Promise<RunEnd> {
  const { attempt, position, startedAt, live } = context;
  const { delivery } = attempt;
  const aborted = Promise.withResolvers<AbortCause>();
  const decided = new AbortController();
  const onLeaseLost = () => aborted.resolve('lease-lost');
  const onStop = () => aborted.resolve('stopping');
  delivery.lease.addEventListener('abort', onLeaseLost, { once: true });
  deps.stopNow.addEventListener('abort', onStop, { once: true });
  if (delivery.lease.aborted) onLeaseLost();
  if (deps.stopNow.aborted) onStop();
  void watchTime(deps, context, { abort: aborted.resolve, decided: decided.signal });
  const first = await Promise.race([live.outcomes[position] as Promise<Outcome>, aborted.promise]);
  const endedAt = deps.clock.now();
  decided.abort(DECIDED);
  delivery.lease.removeEventListener('abort', onLeaseLost);
  deps.stopNow.removeEventListener('abort', onStop);
  if (typeof first !== 'string') return { ...endOf(first), startedAt, endedAt };
  const isInCompany = deps.model.unanswered > 1;
  live.abort(position, first);
  if (first !== 'timeout') return { type: 'aborted', cause: first, startedAt, endedAt };
  return { ...(await endOfTimeout(deps, context, isInCompany)), startedAt, endedAt };
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
 * A timeout is charged when it is certain that the task itself took too long: it was alone in the process, or the thread
 * of the model was free all the time and the task was alone in its run or asked for less than the model's limit.
 */
async function endOfTimeout(
  deps: RunDeps,
  { attempt, size, startedAt }: Context,
  isInCompany: boolean,
): Promise<Undated<RunEnd>> {
  const error = { code: 'timeout', message: 'The run took longer than it may.', retryable: true };
  if (!isInCompany) return { type: 'failed', error, isSuspect: deps.model.condition === 'blocked' };
  if (!(await deps.model.reacts()) || deps.model.wasStalledSince(startedAt)) return { type: 'repeat', alone: true };
  const askedForLess = (attempt.envelope.timeoutSeconds ?? Infinity) < deps.timeoutSeconds;
  if (size > 1 && !askedForLess) return { type: 'repeat', alone: true };
  return { type: 'failed', error, isSuspect: size > 1 };
}

interface Watch {
  readonly abort: (cause: AbortCause) => void;
  /** Aborts when the run is decided. */
  readonly decided: AbortSignal;
}

/** Ends a run at its timeout or at the deadline of its task, and records the start of one that takes a while. */
async function watchTime(deps: RunDeps, { attempt, startedAt }: Context, { abort, decided }: Watch): Promise<void> {
  const { clock, timeoutSeconds } = deps;
  const { envelope } = attempt;
  const timeoutMs = 1000 * Math.min(envelope.timeoutSeconds ?? timeoutSeconds, timeoutSeconds);
  const deadlineMs = Math.max(0, envelope.deadlineAt - startedAt);
  const endMs = Math.min(timeoutMs, deadlineMs);
  await clock.sleep(Math.min(ANNOUNCE_AFTER_MS, endMs), decided);
  if (endMs > ANNOUNCE_AFTER_MS && !decided.aborted) {
    void announce(deps, attempt, { at: startedAt, abort });
    await clock.sleep(endMs - ANNOUNCE_AFTER_MS, decided);
  }
  if (!decided.aborted) abort(deadlineMs < timeoutMs ? 'deadline' : 'timeout');
}

/** Records the start of a run, and aborts the run when its task has ended elsewhere. */
async function announce(
  { tasks, logger }: RunDeps,
  attempt: Attempt,
  { at, abort }: { readonly at: number; readonly abort: (cause: AbortCause) => void },
): Promise<void> {
  if (attempt.isRecorded) return;
  attempt.isRecorded = true;
  const { taskId } = attempt.envelope;
  try {
    const outcome = await tasks.apply(taskId, { ...startOf(attempt), at });
    if (outcome === 'superseded') abort('lease-lost');
    else if (outcome !== 'applied') abort('task-ended');
  } catch (error) {
    // The result does not depend on it.
    logger.warn('A start could not be recorded.', { taskId, reason: String(error) });
  }
}
