import { ApiError, TaskError, UnreachableError } from '#client';
import { Misuse, Stopped } from './arguments.ts';
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
  if (error instanceof Misuse) return { code: EXIT.misuse, text: error.message };
  if (error instanceof Stopped) return { code: EXIT.stopped, text: error.message };
  return { code: EXIT.failed, text: ofFile(error) ?? (error instanceof Error ? error.message : String(error)) };
}

const OF_FILES: Readonly<Record<string, (path: string) => string>> = {
  ENOENT: (path) => `There is no file ${path}.`,
  EACCES: (path) => `You may not use the file ${path}.`,
  EISDIR: (path) => `${path} is a folder, not a file.`,
  ENOSPC: () => 'The disk is full.',
};

/** One sentence for the errors of the file system that a person can mend. */
function ofFile(error: unknown): string | undefined {
  const { code = '', path, syscall } = error as NodeJS.ErrnoException;
  return syscall === undefined ? undefined : OF_FILES[code]?.(path ?? 'It');
}
