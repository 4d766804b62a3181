import { readFileSync } from 'node:fs';

const PAGE_BYTES = 4096;
const MIB = 1024 * 1024;

/** Resident memory of this process and, on Linux, of the processes that it has started, such as the model's. */
export function usedMemoryMib(): number {
  const bytes = process.memoryUsage.rss() + children().reduce((sum, pid) => sum + residentBytes(pid), 0);
  return Math.round(bytes / MIB);
}

function children(): readonly string[] {
  return textOf(`/proc/${process.pid}/task/${process.pid}/children`).split(' ').filter(Boolean);
}

const residentBytes = (pid: string): number => Number(textOf(`/proc/${pid}/statm`).split(' ')[1] ?? 0) * PAGE_BYTES;

/** Recovery: empty for a process that has ended, and where there is no such folder. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
