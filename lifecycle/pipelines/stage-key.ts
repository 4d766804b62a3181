import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type JsonObject, memoize } from '#core';

const ROOT = new URL('../', import.meta.url);
/** Trainers are code of the stages that train. */
const SHARED: Readonly<Record<string, readonly string[]>> = { training: ['trainers'] };

/** Hash of what decides the output of a stage: its operation, the code of its service, its arguments and its inputs. */
export async function stageKey(operation: string, args: JsonObject, inputs: JsonObject = {}): Promise<string> {
  const [service = ''] = operation.split('.');
  return createHash('sha256')
    .update(JSON.stringify([operation, await codeHash(service), sorted(args), sorted(inputs)]))
    .digest('hex');
}

/** The code does not change while a process runs. */
const codeHash = memoize(
  async (service: string): Promise<string> => {
    const hash = createHash('sha256');
    for (const folder of [service, ...(SHARED[service] ?? [])]) {
      const path = fileURLToPath(new URL(`${folder}/`, ROOT));
      // In a bundle, all code is one file.
      const files = existsSync(path) ? await filesIn(path) : [fileURLToPath(import.meta.url)];
      for (const file of files) hash.update(await readFile(file));
    }
    return hash.digest('hex');
  },
  { maxEntries: 20 },
);

async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && /\.(ts|py|sql)$/.test(entry.name));
  return files.map(({ parentPath, name }) => `${parentPath}/${name}`).toSorted();
}

/** The order of fields does not matter. */
const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sorted)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .toSorted(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, each]) => [name, sorted(each)]),
        )
      : value;
