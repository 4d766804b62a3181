import type { Delivery } from '#core';

/**
 * Why a run is not wanted any more:
 * `timeout` it took too long · `deadline` its task expired · `lease-lost` somebody else may run the task ·
 * `task-ended` the task ended elsewhere · `stopping` the instance must go.
 */
export type AbortCause = 'timeout' | 'deadline' | 'lease-lost' | 'task-ended' | 'stopping';

/** What a run's `AbortSignal` carries as its reason. */
export class RunAborted extends Error {
  override readonly name = 'RunAborted';
  readonly abortCause: AbortCause;

  constructor(abortCause: AbortCause) {
    super(`The run was aborted: ${abortCause}.`);
    this.abortCause = abortCause;
  }
}

/** Ends one run early. The first cause counts. */
export interface RunAbort {
  readonly signal: AbortSignal;
  abort(cause: AbortCause): void;
  /** Forgets timers and listeners once the run is over. */
  dispose(): void;
}

export function createRunAbort(
  delivery: Delivery,
  { timeoutMs, deadlineMs }: { timeoutMs: number; deadlineMs: number },
): RunAbort {
  const controller = new AbortController();
  const abort = (cause: AbortCause) => controller.abort(new RunAborted(cause));
  const onLeaseLost = () => abort('lease-lost');
  delivery.lease.addEventListener('abort', onLeaseLost, { once: true });
  const [ms, cause] = deadlineMs < timeoutMs ? ([deadlineMs, 'deadline'] as const) : ([timeoutMs, 'timeout'] as const);
  const timer = setTimeout(abort, ms, cause);
  return {
    signal: controller.signal,
    abort,
    dispose() {
      clearTimeout(timer);
      delivery.lease.removeEventListener('abort', onLeaseLost);
    },
  };
}
