/**
 * Billed units of one prediction with 1 KB in and 1 KB out. `test/scripts/cost-usage.test.ts` measures them on the
 * emulators and fails when they change.
 */
export const MEASURED = {
  /**
   * Upper bound in a backlog: one send, a tenth of a receive, a tenth of a delete, and more when runs end at different
   * times.
   */
  sqsRequests: 1.4,
  /** A prediction that arrives alone needs its own receive and delete. */
  sqsRequestsAlone: 3,
  /** Write units: the row of the new task, then the row with its result. */
  writeUnits: 3,
  /** Write units of the index by owner. */
  listWriteUnits: 1,
  /** Number of polls by a caller whose result takes 120 ms ± 20 %. */
  polls: 2.1,
  /**
   * Read units per poll: a row of up to 4 KB, eventually consistent. Emulators have no replication lag, so none is
   * counted.
   */
  readUnitsPerPoll: 0.5,
  /** Mean delay between the end of the task and the read that finds it. */
  lateMs: 12,
  /** Response body: the task with its result. */
  answerBytes: 1400,
  /** Response headers, including those that API Gateway adds. */
  headBytes: 500,
  /** Read units of verifying a caller: one row, read consistently. */
  readUnitsPerCaller: 1,
  /** Upper bound of write units to count a task of a user who has up to 32 waiting, and the read of whether it ended. */
  taskLimitWriteUnits: 1.1,
  taskLimitReadUnits: 1,
  /** Upper bound of write units to count a request: one in five, by the default limits of a user. */
  rateWriteUnits: 0.25,
  /** One line of the access log. */
  accessLogBytes: 300,
  /** One line of a call, with the 26 bytes that CloudWatch counts for every line. */
  callLineBytes: 380,
  /**
   * Write units of a call that is delivered with nine others of its user: they share a row in the list of the user and
   * one in the list of the day, or two rows each.
   */
  callWriteUnits: 0.4,
} as const;

/**
 * Messages and units of one use of a feature, besides those of the task: `test/scripts/cost-features.test.ts` measures
 * them.
 */
export const FEATURES = {
  cancel: { sends: 0, reads: 2, writes: 3 },
  retry: { sends: 1, reads: 3, writes: 4 },
  /** Of a task that has ended when its webhook is first looked at. */
  webhook: { sends: 1, reads: 4, writes: 4 },
} as const;

/** Values that no emulator can measure. */
export const ESTIMATED = {
  /** Latency of SQS and DynamoDB, which AWS documents as single-digit milliseconds per call. */
  overheadMs: 20,
  /** A cancel waits until no instance starts its task on an older mark. */
  cancelMs: 1100,
  /** CPU time on a whole core, measured by `npm run bench:handler` on a machine other than Lambda's. */
  handlerCpuMs: 2.5,
  /** CPU time of a token that is new, by `npm run bench:verify`, and of one call of the SDK. */
  verifyCpuMs: 0.65,
  /** Latency of the one read of DynamoDB. */
  verifyWaitMs: 5,
  lambdaMibPerCpu: 1769,
  modelVcpu: 0.25,
  modelGb: 0.5,
  /** The start and report lines of Lambda, by its documentation. */
  platformLogBytes: 800,
  /** Calls of a function that CloudWatch delivers together under load. */
  callsPerDelivery: 10,
  /** Run time of the function that writes a delivery: one batch write. */
  recordMs: 25,
  /** One run of what is due in the lifecycle: a query to each database. */
  dueMs: 150,
  dueGb: 0.5,
  /** Work of one service without work to do, in units of Aurora DSQL. */
  dpuPerTick: 0.02,
  /** Run time of the function that sends a webhook: the answer of the receiver, with reads and writes. */
  webhookMs: 150,
  handlerGb: 0.25,
  /** The line of a run in the log of its instance. */
  modelLogBytes: 300,
} as const;
