import type { Task } from '#core';
import { namedProblem, type Problem } from '../http/problem.ts';

/** The problem of a task that ended without a result: its error, with status 422. */
export function resultProblem({ state, error }: Task, instance: string): Problem {
  const code = error?.code ?? state;
  const detail = error?.message ?? (state === 'canceled' ? 'The task was canceled.' : `The task has ${state}.`);
  return namedProblem(code, 422, detail, instance);
}
