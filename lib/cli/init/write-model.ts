import { spawnSync } from 'node:child_process';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ModelyardError } from '#core';
import { type ModelDraft, protoText } from './draft.ts';

/** Paths of a model, relative to the root of the repository. */
export const foldersOf = (name: string) => ({
  proto: `proto/models/${name}.proto`,
  folder: `model-containers/models/${name}`,
});

/** Writes the files of a model and generates its messages. When that fails, it leaves nothing behind. */
export async function writeModel(root: string, name: string, draft: ModelDraft): Promise<void> {
  const paths = foldersOf(name);
  const proto = join(root, paths.proto);
  const folder = join(root, paths.folder);
  try {
    await mkdir(folder, { recursive: true });
    for (const [path, text] of Object.entries(draft.files)) await write(join(folder, path), text);
    for (const [path, from] of Object.entries(draft.copies ?? {})) await cp(from, join(folder, path));
    await write(proto, protoText(name, draft.contract));
    generate(root);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    await rm(proto, { force: true });
    throw error;
  }
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

/** The generator is a development script, which nothing imports. */
function generate(root: string): void {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/generate.ts'], { cwd: root, encoding: 'utf8' });
  if (status === 0) return;
  throw new ModelyardError('internal', `The messages could not be generated: ${stderr.trim()}`);
}
