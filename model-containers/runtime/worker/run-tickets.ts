import type { Logger, TaskStore } from '#core';
import type { LoadedModel } from '../backends/loaded-model.ts';
import type { Admitted } from './admit-task.ts';
import { createRunAbort, type RunAbort, RunAborted } from './run-abort.ts';

/** An admitted task waiting for its run. */
export interface Ticket extends Admitted {
  /** When the worker received it, Unix milliseconds. */
  readonly receivedAt: number;
}

/** A task in its run. `answer` resolves with what the model answered, an `Error` it failed with, or the `RunAborted` that ended it early. */
export interface Run {
  readonly ticket: Ticket;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly abort: RunAbort;
  readonly answer: Promise<unknown>;
}

interface RunDeps {
  readonly model: LoadedModel;
  readonly variant: string | undefined;
  readonly tasks: TaskStore;
  readonly logger: Logger;
  /** Unix milliseconds. */
  readonly startedAt: number;
}

/** A run shorter than this is never seen running: its result is the task's second and last write. */
const ANNOUNCE_AFTER_MS = 300;

/**
 * Starts one run of one or more tasks. `settled` resolves when the model itself is done, which may be
 * after every answer was decided by an abort: until then it still uses its slot.
 */
export function runTickets(
  deps: RunDeps,
  tickets: readonly Ticket[],
): { runs: readonly Run[]; settled: Promise<unknown> } {
  const { startedAt } = deps;
  const aborts = tickets.map(({ delivery, envelope }) => {
    const limit = deps.model.limits.timeoutSeconds;
    const timeoutMs = Math.min(envelope.timeoutSeconds ?? limit, limit) * 1000;
    return createRunAbort(delivery, { timeoutMs, deadlineMs: Math.max(0, envelope.deadlineAt - startedAt) });
  });
  const items = tickets.map((ticket, i) => ({
    request: ticket.request,
    context: contextOf(deps, ticket, signalAt(aborts, i)),
  }));
  const answers = deps.model.run(items, whenAllAborted(aborts));
  const runs = tickets.map((ticket, i) => {
    const abort = aborts[i] as RunAbort;
    const announcement = announce(deps, ticket, abort);
    const answer = Promise.race([answers.then((all) => all[i]), aborted(abort.signal)]).finally(() => {
      clearTimeout(announcement);
      abort.dispose();
    });
    return { ticket, startedAt, abort, answer };
  });
  return { runs, settled: answers };
}

const signalAt = (aborts: readonly RunAbort[], i: number): AbortSignal => (aborts[i] as RunAbort).signal;

const contextOf = ({ variant, logger }: RunDeps, { envelope, attempt }: Ticket, signal: AbortSignal) => ({
  signal,
  variant,
  logger,
  taskId: envelope.taskId,
  attempt,
  trace: envelope.trace,
});

/** Records the start of a run that takes a while, and aborts the run when its task has ended elsewhere. */
function announce({ tasks, logger, startedAt: at }: RunDeps, ticket: Ticket, abort: RunAbort) {
  if (ticket.isClaimed) return undefined;
  const { delivery, attempt, envelope } = ticket;
  const { taskId, requestHash, copy } = envelope;
  return setTimeout(async () => {
    try {
      const start = { type: 'started', fence: delivery.fence, attempts: attempt, copy, alone: false } as const;
      const outcome = await tasks.apply(taskId, { ...start, at, requestHash });
      if (outcome === 'superseded') abort.abort('lease-lost');
      else if (outcome !== 'applied') abort.abort('task-ended');
    } catch (error) {
      // The result does not depend on it.
      logger.warn('A start could not be recorded.', { taskId, reason: String(error) });
    }
  }, ANNOUNCE_AFTER_MS);
}

const aborted = (signal: AbortSignal): Promise<RunAborted> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(signal.reason as RunAborted), { once: true });
  });

/** A batch is unwanted once nobody waits for any of its answers. */
function whenAllAborted(aborts: readonly RunAbort[]): AbortSignal {
  const [only] = aborts;
  if (only && aborts.length === 1) return only.signal;
  const all = new AbortController();
  let left = aborts.length;
  for (const { signal } of aborts) {
    signal.addEventListener('abort', () => --left === 0 && all.abort(signal.reason), { once: true });
  }
  return all.signal;
}

/** True for what an `answer` resolves with when its run was ended early. */
export const isRunAborted = (answer: unknown): answer is RunAborted => answer instanceof RunAborted;
