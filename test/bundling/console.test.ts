import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { writeConsole } from '../../lib/bundling/console.ts';

const overtaken = vi.hoisted(() => ({ by: (_: string) => {} }));
vi.mock('node:fs', async (load) => {
  const fs = await load<typeof import('node:fs')>();
  const renameSync: typeof fs.renameSync = (from, to) => {
    overtaken.by(String(to));
    fs.renameSync(from, to);
  };
  return { ...fs, renameSync };
});

it('leaves nothing of a build of the console that another one has overtaken', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'modelyard-console-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  overtaken.by = (into) => mkdirSync(join(into, 'of-another-build'), { recursive: true });

  expect(() => writeConsole(join(folder, 'dist'))).toThrow(/ENOTEMPTY/);

  expect(readdirSync(folder)).toEqual(['dist']);
});
