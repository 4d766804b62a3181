import { type CancelMarks, HEARTBEAT_INTERVAL_MS } from '#core';
import { late } from '../late.ts';
import type { DynamoTableOptions } from './dynamo-task-store.ts';

/** Loaded by its first call: a function that only submits tasks starts faster without it. */
export function lateCancelMarks(options: DynamoTableOptions): CancelMarks {
  return {
    // A task that waited longer when it starts is looked up if a task of its model was canceled.
    startAgeMs: 1000,
    runIntervalMs: HEARTBEAT_INTERVAL_MS,
    ...late(async () => (await import('./dynamo-cancel-marks.ts')).dynamoCancelMarks(options), ['put', 'get']),
  };
}
