import fc from 'fast-check';
import type { TaskEvent, TaskResult } from '#core';

const attempt = fc.integer({ min: 1, max: 4 });
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

/** Any event that may meet a task. */
export const anyTaskEvent: fc.Arbitrary<TaskEvent> = fc.oneof(
  fc.record({ type: fc.constant('started' as const), attempt, at }),
  fc.record({ type: fc.constant('succeeded' as const), attempt, startedAt: at, at, result }),
  fc.record({ type: fc.constant('failed' as const), attempt, at, error }),
  fc.record({ type: fc.constant('failed' as const), attempt, startedAt: at, at, error }),
  fc.record({ type: fc.constant('gave-up' as const), attempts: fc.nat(5), at, error, envelope: bytes }),
  fc.record({ type: fc.constant('canceled' as const), at }),
  fc.record({ type: fc.constant('expired' as const), at, error }),
);
