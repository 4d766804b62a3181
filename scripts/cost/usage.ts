/**
 * What one prediction of 1 KB in and 1 KB out makes AWS count, as `test/scripts/cost.test.ts` measures it on
 * the emulators: the test fails when these are no longer true.
 */
export const MEASURED = {
  /** Requests, under a backlog: one send, a tenth of a receive, a tenth of a delete. */
  sqsRequests: 1.2,
  /** Units: the row of a new task and its entry in the owner's list, then the row with its result. */
  writeUnits: 4,
  /** Units read by a caller who waits about 120 ms for the end: the first look is when such tasks usually end. */
  readUnitsWaiting: 2,
} as const;

/** What is not counted on emulators, and how it was estimated. */
export const ESTIMATED = {
  /** Besides the time of the model: queue and table. */
  overheadMs: 20,
  lambdaGb: 0.25,
  modelVcpu: 0.25,
  modelGb: 0.5,
  /** A line of the access log. */
  accessLogBytes: 300,
  /** What Lambda itself writes of a run: its start, its end and its report. */
  platformLogBytes: 800,
  /** An answer of 1 KB and its headers. */
  egressBytes: 1500,
  /** The default sampling of X-Ray: one a second and one in twenty. */
  tracedShare: 0.05,
} as const;
