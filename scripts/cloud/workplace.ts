/** Where an end-to-end test of the cloud works. */
export interface Workplace {
  /** The repository. */
  readonly root: string;
  /** For every file that anything writes; removed at the end. */
  readonly scratch: string;
  /** Ends everything when aborted. */
  readonly signal: AbortSignal;
}
