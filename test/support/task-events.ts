import fc from 'fast-check';
import type { TaskEvent, TaskResult } from '#core';

const at = fc.integer({ min: 1, max: 2_000_000_000_000 });
const bytes: fc.Arbitrary<Uint8Array> = fc.uint8Array({ minLength: 1, maxLength: 40 });
const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const error = fc.record({ code: text, message: text, retryable: fc.boolean() });
const result: fc.Arbitrary<TaskResult> = fc.record({
  contractHash: text,
  payload: fc.oneof(
    fc.record({ kind: fc.constant('inline' as const), bytes }),
    fc.record({ kind: fc.constant('blob' as const), key: fc.constant('results/x'), size: fc.nat() }),
  ),
});
/** Mostly the hash of `aTask`. */
const requestHash = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('r1', undefined) },
  { weight: 1, arbitrary: fc.constant('another') },
);
const copy = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) });
/** Each charged run has a delivery of its own. */
const run = fc
  .record({ fence: fc.integer({ min: 1, max: 4 }), spared: fc.nat(3) })
  .map(({ fence, spared }) => ({ fence, attempts: Math.max(1, fence - spared) }));

const started = fc
  .record({ copy, alone: fc.boolean(), at, requestHash, run })
  .map(({ run: counts, ...rest }) => ({ type: 'started' as const, ...counts, ...rest }));
const succeeded = fc
  .record({ startedAt: at, at, result, requestHash, run })
  .map(({ run: counts, ...rest }) => ({ type: 'succeeded' as const, ...counts, ...rest }));
const failed = fc
  .record({ startedAt: at, at, error, requestHash, run }, { requiredKeys: ['at', 'error', 'run'] })
  .map(({ run: counts, ...rest }) => ({ type: 'failed' as const, ...counts, ...rest }));

/** Events that end no task. */
const anyProgress: fc.Arbitrary<TaskEvent> = fc.oneof(
  started,
  fc.record({
    type: fc.constant('resent' as const),
    copy: fc.integer({ min: 1, max: 3 }),
    at,
    requestHash,
  }),
  fc.record({ type: fc.constant('sent' as const), at, requestHash }),
);

/** Any event that may meet a task. */
export const anyTaskEvent: fc.Arbitrary<TaskEvent> = fc.oneof(
  { weight: 2, arbitrary: anyProgress },
  { weight: 1, arbitrary: succeeded },
  { weight: 1, arbitrary: failed },
  {
    weight: 1,
    arbitrary: fc.oneof(
      fc.record({
        type: fc.constant('gave-up' as const),
        attempts: fc.nat(5),
        at,
        error,
        envelope: bytes,
        requestHash,
      }),
      fc.record({ type: fc.constant('canceled' as const), at }),
      fc.record({ type: fc.constant('expired' as const), at, error, requestHash }),
    ),
  },
);
