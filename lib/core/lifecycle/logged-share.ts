import { hash } from 'node:crypto';

/** Whether a task is in the share that is logged, 0 to 1. The same for each copy of the task. */
export const isLogged = (taskId: string, share: number): boolean =>
  share >= 1 || Number.parseInt(hash('sha256', taskId).slice(0, 8), 16) / 2 ** 32 < share;
