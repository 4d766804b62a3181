/**
 * Why nobody waits for a run any more:
 * `timeout` it took too long · `deadline` its task expired · `lease-lost` somebody else may run the task ·
 * `task-ended` the task ended elsewhere · `stopping` the instance must go.
 */
export const ABORT_CAUSES = ['timeout', 'deadline', 'lease-lost', 'task-ended', 'stopping'] as const;
export type AbortCause = (typeof ABORT_CAUSES)[number];

/** The reason of a run's `AbortSignal`. */
export class RunAborted extends Error {
  override readonly name = 'RunAborted';
  readonly abortCause: AbortCause;

  constructor(abortCause: AbortCause) {
    super(`The run was aborted: ${abortCause}.`);
    this.abortCause = abortCause;
  }
}
