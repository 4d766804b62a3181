import { v7 as uuidV7 } from 'uuid';
import type { Task, TaskResult } from '#core';

export const aResult: TaskResult = { contractHash: 'c1', payload: { kind: 'inline', bytes: Uint8Array.of(1) } };

/** The first start of an original message, at no moment in particular. */
export const aStart = { type: 'started', fence: 1, attempts: 1, copy: 0, alone: false, at: 1 } as const;

/** A queued task; times are small numbers so that tests can reason about them. */
export const aTask = (overrides: Partial<Task> = {}): Task => ({
  id: '0198a000-0000-7000-8000-000000000001',
  model: 'model_a',
  owner: 'local',
  state: 'queued',
  fence: 0,
  attempts: 0,
  contractHash: 'c1',
  requestHash: 'r1',
  createdAt: 1000,
  deadlineAt: 100_000,
  retainedUntil: 1_000_000,
  ...overrides,
});

/** A queued task of its own id that a store keeps: its times are around now. */
export function aFreshTask(overrides: Partial<Task> = {}): Task {
  const now = Date.now();
  return aTask({
    id: uuidV7(),
    createdAt: now,
    deadlineAt: now + 3_600_000,
    retainedUntil: now + 7_200_000,
    ...overrides,
  });
}
