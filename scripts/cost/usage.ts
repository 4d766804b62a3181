/**
 * What one prediction of 1 KB in and 1 KB out makes AWS count, as `test/scripts/cost-usage.test.ts` measures it on
 * the emulators: the test fails when these are no longer true.
 */
export const MEASURED = {
  /** Requests at most, of a backlog: one send, a tenth of a receive and of a delete, or more when runs end apart. */
  sqsRequests: 1.4,
  /** Requests of a prediction that comes alone: a receive and a delete of its own. */
  sqsRequestsAlone: 3,
  /** Units: the row of a new task, then the row with its result. */
  writeUnits: 3,
  /** Units of an entry in the owner's list. */
  listWriteUnits: 1,
  /** Looks of a caller who waits 120 ms, a fifth more or less, for the end. */
  looks: 2.1,
  /** Units of one look: a row of up to 4 KB, read eventually consistent. An emulator never lags, so nothing is counted for that. */
  readUnitsPerLook: 0.5,
  /** How much later than the end the last look is, on average. */
  lateMs: 12,
  /** The body of the answer: the task with its result. */
  answerBytes: 1400,
  /** The head of the answer, with the fields that a gateway adds. */
  headBytes: 500,
  /** A line of the access log, as its format makes it. */
  accessLogBytes: 300,
} as const;

/** What no emulator can tell, and how it was estimated. */
export const ESTIMATED = {
  /** Besides the time of the model: answers of the real queue and table, as AWS documents single-digit milliseconds for each. */
  overheadMs: 20,
  /** Of a whole processor; measured by `npm run bench:handler` on a machine that is not Lambda's. */
  handlerCpuMs: 2.5,
  lambdaMibPerCpu: 1769,
  modelVcpu: 0.25,
  modelGb: 0.5,
  /** What Lambda itself writes of a run: its start and its report, as it documents them. */
  platformLogBytes: 800,
} as const;
