/** Counters of the handlers and their dimensions. Dimensions have few fixed values, never ids. */
export interface Counts {
  /** Refused submits by error code. Queue metrics count the accepted ones. */
  readonly SubmitsRefused: { readonly outcome: string };
  /** Dead letters by the outcome of their task. */
  readonly DeadLetters: { readonly outcome: string };
}

export interface Metrics {
  /** Never throws. */
  count<Name extends keyof Counts>(name: Name, dimensions: Counts[Name]): void;
}

export const noMetrics: Metrics = { count: () => undefined };
