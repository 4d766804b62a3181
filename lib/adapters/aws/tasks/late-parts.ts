import { type BatchStore, type CancelMarks, HEARTBEAT_INTERVAL_MS, type PlaceStore } from '#core';
import { late } from '../late.ts';
import type { DynamoTableOptions, DynamoTaskStoreOptions } from './dynamo-task-store.ts';

// Parts of the task store that most functions never use. A function that only submits tasks starts faster without them.

/** A task that waited longer when it starts is looked up if a task of its model was canceled. */
const START_AGE_MS = 1000;
/** Each look for a free place reads tasks. */
const LOOK_MS = 1000;

export const lateBatches = (options: DynamoTaskStoreOptions): BatchStore =>
  late(async () => (await import('./dynamo-batches.ts')).dynamoBatches(options), ['create', 'get', 'put', 'eraseOf']);

export const lateCancelMarks = (options: DynamoTableOptions): CancelMarks => ({
  startAgeMs: START_AGE_MS,
  runIntervalMs: HEARTBEAT_INTERVAL_MS,
  ...late(async () => (await import('./dynamo-cancel-marks.ts')).dynamoCancelMarks(options), ['put', 'get']),
});

export const latePlaces = (options: DynamoTableOptions): PlaceStore => ({
  lookMs: LOOK_MS,
  ...late(async () => (await import('./dynamo-places.ts')).dynamoPlaces(options), ['take', 'free', 'oldest']),
});
