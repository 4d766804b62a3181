/** Counters of the handlers and their dimensions. Dimensions have few fixed values, never ids. */
export interface Counts {
  /** Refused submits by error code. Queue metrics count the accepted ones. */
  readonly SubmitsRefused: { readonly outcome: string };
  /** Dead letters by the outcome of their task. */
  readonly DeadLetters: { readonly outcome: string };
  /** Calls that are not in the call log, by why. */
  readonly CallsLost: { readonly outcome: 'unwritten' | 'unreadable' };
}

export interface Metrics {
  /** Never throws. `amount` is 1 by default. */
  count<Name extends keyof Counts>(name: Name, dimensions: Counts[Name], amount?: number): void;
}

export const noMetrics: Metrics = { count: () => undefined };

/** The name of a call in its log line. The subscription of the log selects lines by it. */
export const CALL_FIELD = 'modelyardCall';

/** The CloudWatch namespace. */
export const METRICS_NAMESPACE = 'Modelyard';
/** The dimension `service`, which Powertools adds to every metric. */
export const METRICS_SERVICE = 'modelyard';

/** Metrics of a stage, by `service` and `stage`. */
export type StageMetric = 'StalledModels';
