import { v7 as uuidV7 } from 'uuid';
import type { Call } from '#core';

/** A call with a new id, made now, that submitted a task. */
export const aCall = (overrides: Partial<Call> = {}): Call => ({
  id: uuidV7(),
  owner: 'somebody',
  method: 'POST',
  route: '/models/{model}/tasks',
  model: 'model_a',
  taskId: uuidV7(),
  status: 202,
  startedAt: Date.now(),
  durationMs: 12.5,
  bytesIn: 20,
  bytesOut: 300,
  requestId: 'r-1',
  ...overrides,
});
