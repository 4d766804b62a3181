import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openTables, type Tables } from '#adapters/duckdb/tables.ts';
import type { Lifecycle } from './lifecycle.ts';

/** An empty analytical database and a folder for its files, for one piece of work. */
export interface Workbench extends AsyncDisposable {
  readonly tables: Tables;
  readonly folder: string;
}

/** Both are deleted at the end. The signal ends a query in progress, which rejects. */
export async function openWorkbench({ stores }: Pick<Lifecycle, 'stores'>, signal: AbortSignal): Promise<Workbench> {
  await mkdir(stores.scratch, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(stores.scratch, 'work-'));
  const tables = await openTables({ folder });
  const stop = () => tables.interrupt();
  signal.addEventListener('abort', stop);
  return {
    tables,
    folder,
    async [Symbol.asyncDispose]() {
      signal.removeEventListener('abort', stop);
      await tables[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
