/** What handlers count, and the words each count may be split by: few and fixed, never ids or names of callers. */
export interface Counts {
  /** Refused submits by the code of the problem. Those that are accepted, the metrics of the queue count. */
  readonly SubmitsRefused: { readonly outcome: string };
  /** Dead letters by what became of their task. */
  readonly DeadLetters: { readonly outcome: string };
}

export interface Metrics {
  /** Adds one. Never throws. */
  count<Name extends keyof Counts>(name: Name, dimensions: Counts[Name]): void;
}

/** For places where nobody reads metrics. */
export const noMetrics: Metrics = { count: () => undefined };
