/**
 * What one prediction of 1 KB in and 1 KB out makes AWS count, as `test/scripts/cost.test.ts` measures it on
 * the emulators: the test fails when these are no longer true.
 */
export const MEASURED = {
  /** Requests, under a backlog: one send, a tenth of a receive, a tenth of a delete. */
  sqsRequests: 1.2,
  /** Units: the row of a new task, then the row with its result. */
  writeUnits: 3,
  /** Units of an entry in the owner's list. */
  listWriteUnits: 1,
  /** Looks of a caller who waits 120 ms, a fifth more or less, for the end. */
  looks: 2.1,
  /** How much later than the end the last look is, on average. */
  lateMs: 12,
  /** The body of the answer: the task with its result. */
  answerBytes: 1400,
} as const;

/** What is not counted on emulators, and how it was estimated. */
export const ESTIMATED = {
  /** Besides the time of the model: queue and table. */
  overheadMs: 20,
  /** Of a whole processor; measured by `npm run bench:handler` on a machine that is not Lambda's. */
  handlerCpuMs: 2.5,
  lambdaMibPerCpu: 1769,
  /** Units of one look: a row of up to 4 KB, read eventually consistent. An emulator never lags, so nothing is counted for that. */
  readUnitsPerLook: 0.5,
  modelVcpu: 0.25,
  modelGb: 0.5,
  /** A line of the access log. */
  accessLogBytes: 300,
  /** What Lambda itself writes of a run: its start, its end and its report. */
  platformLogBytes: 800,
  /** The head of an answer, as a gateway or a function's URL sends it. */
  headBytes: 350,
  /** The default sampling of X-Ray: one a second and one in twenty. */
  tracedShare: 0.05,
} as const;
