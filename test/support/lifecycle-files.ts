import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { lifecycleFilesIn } from '#platform/lifecycle-databases.ts';

/** The environment with databases and artifacts in a temporary folder, for platforms without a data folder. */
export function lifecycleFiles(): Readonly<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'modelyard-lifecycle-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return lifecycleFilesIn(folder);
}
