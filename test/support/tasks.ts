import type { Task, TaskResult } from '#core';

export const aResult: TaskResult = { contractHash: 'c1', payload: { kind: 'inline', bytes: Uint8Array.of(1) } };

/** A queued task; times are small numbers so that tests can reason about them. */
export const aTask = (overrides: Partial<Task> = {}): Task => ({
  id: '0198a000-0000-7000-8000-000000000001',
  model: 'model_a',
  owner: 'local',
  state: 'queued',
  attempts: 0,
  contractHash: 'c1',
  requestHash: 'r1',
  createdAt: 1000,
  deadlineAt: 100_000,
  retainedUntil: 1_000_000,
  ...overrides,
});
