import { ApiError, TaskError, UnreachableError } from '#client';
import { EXIT } from './exit-codes.ts';

export interface Failure {
  readonly code: number;
  readonly text: string;
}

/** The output and exit code of a failed command: the text of the API's problem. */
export function failureOf(error: unknown): Failure {
  if (error instanceof ApiError) {
    const fields = error.problem.errors?.map(({ pointer, message }) => `\n  ${pointer || '/'}: ${message}`) ?? [];
    const hint = error.status === 401 ? ' Log in by `modelyard login`.' : '';
    return { code: EXIT.refused, text: `${error.message}${hint}${fields.join('')}` };
  }
  if (error instanceof UnreachableError) {
    return {
      code: EXIT.unreachable,
      text: `${error.message} Start it by \`modelyard start\`, or name another by --url.`,
    };
  }
  if (error instanceof TaskError) return { code: EXIT.taskFailed, text: `${error.code}: ${error.message}` };
  return { code: EXIT.failed, text: error instanceof Error ? error.message : String(error) };
}
