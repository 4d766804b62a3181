import type { PredictContext, SetupContext } from '#runtime/define-model.ts';

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/** A setup nobody stops, without a word in the log. */
export const setupContext = (overrides: Partial<SetupContext> = {}): SetupContext => ({
  signal: new AbortController().signal,
  logger: SILENT,
  variant: undefined,
  ...overrides,
});

/** The first run of a task that nobody cancels. */
export const predictContext = (overrides: Partial<PredictContext> = {}): PredictContext => ({
  ...setupContext(),
  taskId: '0198f0c0-0000-7000-8000-000000000001',
  attempt: 1,
  trace: undefined,
  progress: () => undefined,
  partial: () => undefined,
  ...overrides,
});
