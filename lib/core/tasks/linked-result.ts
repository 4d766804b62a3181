import type { Task } from './task.ts';

/** Whether no answer carries the result; its key says so. Small, because the handler that submits tasks needs it. */
export const isLinked = ({ result }: Pick<Task, 'result'>): boolean =>
  result?.payload.kind === 'blob' && /\.(large|binary)$/.test(result.payload.key);
