import type { ChildProcess } from 'node:child_process';
import { guardChild } from '#runtime/backends/process-guard.ts';

/** What kills each program that tests have started and that has not ended. */
const running = new Map<ChildProcess, () => void>();

/**
 * Ends a program with the test file that started it, also if a start failed before the file had something to dispose
 * of. A shell ends it with this process, which vitest kills without warning. `inGroup`: it leads a process group.
 */
export function endWithFile(child: ChildProcess, { inGroup }: { readonly inGroup: boolean }): void {
  const { pid } = child;
  if (pid === undefined) return;
  const target = inGroup ? -pid : pid;
  const guard = guardChild(child, { atEnd: `kill -9 ${target}`, detached: true });
  running.set(child, () => process.kill(target, 'SIGKILL'));
  child.once('exit', () => {
    running.delete(child);
    guard?.kill('SIGKILL');
  });
}

/** Kills what is left of a test file. */
export function endLeftovers(): void {
  for (const kill of running.values()) kill();
  running.clear();
}
