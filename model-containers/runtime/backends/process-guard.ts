import { type ChildProcess, spawn } from 'node:child_process';

interface GuardOptions {
  /** What the shell does when this process has ended. `$0` is the process id. */
  readonly atEnd: string;
  /** In a process group of its own, so that a kill of this group does not reach it. @default false */
  readonly detached?: boolean;
  /** @default /bin/sh */
  readonly shell?: string;
}

/**
 * Does something about a child when this process ends, however it ends: a shell sees the end of its pipe. It is cheaper
 * than a second thread in the child (16 MB). Undefined for a child that did not start, and on Windows.
 */
export function guardChild(
  { pid }: Pick<ChildProcess, 'pid'>,
  { atEnd, detached = false, shell = '/bin/sh' }: GuardOptions,
): ChildProcess | undefined {
  if (pid === undefined || process.platform === 'win32') return undefined;
  const script = `trap "" INT TERM HUP; read -r _; ${atEnd}`;
  const guard = spawn(shell, ['-c', script, String(pid)], { stdio: ['pipe', 'ignore', 'ignore'], detached });
  // Recovery: an image without a shell. The child ends with the container.
  guard.on('error', () => undefined);
  guard.stdin?.on('error', () => undefined);
  guard.unref();
  return guard;
}
