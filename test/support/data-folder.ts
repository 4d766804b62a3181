import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { FullPlatform } from '#platform/platform.ts';
import { openSqlitePlatform, type SqliteSettings } from '#platform/sqlite.ts';

/** Data folders that live as long as the tests of one file, and platforms on them. */
export interface DataFolders {
  /** A new folder, empty. */
  newFolder(): Promise<string>;
  /** A platform on a folder, closed with the file. @default a new one */
  open(settings?: Partial<SqliteSettings>): Promise<FullPlatform>;
}

/** Call at the top of a test file. */
export function useDataFolders(): DataFolders {
  const folders: string[] = [];
  const platforms: FullPlatform[] = [];

  async function newFolder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'modelyard-test-'));
    folders.push(folder);
    return folder;
  }

  afterAll(async () => {
    await Promise.all(platforms.map((platform) => platform.close()));
    await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
  });

  return {
    newFolder,
    async open(settings = {}) {
      const folder = settings.folder ?? (await newFolder());
      const platform = await openSqlitePlatform({ pollSeconds: 1, ...settings, folder });
      platforms.push(platform);
      return platform;
    },
  };
}
