import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('.', import.meta.url));
const CODE = /\.(?:ts|py|sql)$/;
/** Read by a new process each time. */
const PYTHON_TRAINER = /^trainers\/[^/]+\.py$/;
/** Services use the code of these folders too. */
const SHARED: Readonly<Record<string, readonly string[]>> = { training: ['versions'] };
const RELATIVE_IMPORT = /\b(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g;

interface CodeFile {
  readonly hash: string;
  /** Milliseconds since the epoch. */
  readonly written: number;
}

/** By paths from this folder. */
type Code = ReadonlyMap<string, CodeFile>;

let started: Promise<Code> | undefined;

/** The code that this process runs: what the files were when it was first called, which must be at the start. */
export function codeAtStart(): Promise<Code> {
  started ??= readCode();
  return started;
}

/** Whether code was edited that this process has loaded or would load. Reads only files that were written since. */
export async function hasNewCode(): Promise<boolean> {
  const [before, now] = await Promise.all([codeAtStart(), listCode()]);
  if (before.size !== now.length) return true;
  const edited = await Promise.all(
    now.map(async (path) => {
      const known = before.get(path);
      if (!known) return true;
      return known.written !== (await writtenAt(path)) && known.hash !== (await hashOf(path));
    }),
  );
  return edited.includes(true);
}

/** The hash of the code of a service that this process runs. */
export async function serviceHash(service: string): Promise<string> {
  const folders = [service, ...(SHARED[service] ?? [])];
  const own = [...(await codeAtStart())]
    .filter(([path]) => folders.some((folder) => path.startsWith(`${folder}/`)))
    .map(([path, { hash }]) => [path, hash]);
  // In a bundle, all code is one file.
  return sha256(own.length > 0 ? JSON.stringify(own) : await readFile(fileURLToPath(import.meta.url)));
}

/** The hash of these files and of the TypeScript that they import by relative paths. */
export async function filesHash(files: readonly string[]): Promise<string> {
  const found = new Set(files);
  const hashes: [path: string, hash: string][] = [];
  for (const file of found) {
    const text = await readFile(file, 'utf8');
    hashes.push([relative(ROOT, file), sha256(text)]);
    if (!file.endsWith('.ts')) continue;
    for (const [, path = ''] of text.matchAll(RELATIVE_IMPORT)) {
      const imported = resolve(dirname(file), path);
      if (existsSync(imported)) found.add(imported);
    }
  }
  return sha256(JSON.stringify(hashes));
}

async function readCode(): Promise<Code> {
  const files = (await listCode()).map(async (path) => {
    // Before the content: a file that is written in between is read again.
    const written = await writtenAt(path);
    return [path, { written, hash: await hashOf(path) }] as const;
  });
  return new Map(await Promise.all(files));
}

async function listCode(): Promise<readonly string[]> {
  const entries = await readdir(ROOT, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && CODE.test(entry.name))
    .map(({ parentPath, name }) => relative(ROOT, join(parentPath, name)))
    .filter((path) => !PYTHON_TRAINER.test(path))
    .toSorted();
}

const writtenAt = async (path: string): Promise<number> => (await stat(join(ROOT, path))).mtimeMs;
const hashOf = async (path: string): Promise<string> => sha256(await readFile(join(ROOT, path)));
const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');
