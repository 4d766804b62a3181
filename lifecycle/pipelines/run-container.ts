import { copyFile, lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CONTAINER_FOLDER, isArtifactHash, isRecord, type JsonObject, ModelyardError } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import type { StageRun } from '../service.ts';

const FILE_NAME = /^\w[\w.-]{0,99}$/;
/** The output of the stage, if the container writes it. */
const OUTPUT = 'output.json';
/** Lines of a container that the log of the run keeps. */
const MAX_LINES = 200;

interface ContainerArguments extends JsonObject {
  readonly image: string;
  readonly command?: readonly string[];
  /** Hashes of artifacts by the names of files, or what earlier stages have answered about files. */
  readonly inputs?: JsonObject;
  readonly params?: JsonObject;
}

/**
 * Runs a container as a stage. It finds files in `/modelyard/inputs` and its parameters in `/modelyard/params.json`, and
 * writes files into `/modelyard/outputs`: they become artifacts, and the fields of `output.json` the output of the stage.
 */
export async function runContainer(
  { stores }: Pick<Lifecycle, 'stores'>,
  args: JsonObject,
  { taskId, signal, tell }: StageRun & { readonly tell: (line: string) => Promise<void> },
): Promise<JsonObject> {
  const { image, command, inputs = {}, params = {} } = args as ContainerArguments;
  await mkdir(stores.scratch, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(stores.scratch, 'container-'));
  let told: Promise<unknown> = Promise.resolve();
  let lines = 0;
  let last = '';
  const onLine = (line: string) => {
    last = line;
    lines += 1;
    if (lines <= MAX_LINES) told = told.then(() => tell(line));
  };
  try {
    const [given, made] = [join(folder, 'inputs'), join(folder, 'outputs')];
    await Promise.all([mkdir(given), mkdir(made), writeFile(join(folder, 'params.json'), JSON.stringify(params))]);
    for (const [name, file] of Object.entries(inputs)) {
      await copyFile(await stores.artifacts.fileOf(hashOf(name, file)), join(given, name));
    }
    const job = { id: taskId, image, folder, ...(command === undefined ? {} : { command }) };
    const code = await stores.containers.run(job, { signal, onLine });
    await told;
    if (code !== 0) throw new Error(`The container of ${image} has ended with exit code ${code}: ${last}`);
    return await outputOf(stores, made);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function hashOf(name: string, file: unknown): string {
  const hash = isRecord(file) ? file.hash : file;
  if (FILE_NAME.test(name) && isArtifactHash(hash)) return hash;
  throw new ModelyardError('invalid_input', `The input ${name} is not the hash of an artifact.`);
}

async function outputOf({ artifacts }: Lifecycle['stores'], folder: string): Promise<JsonObject> {
  // Links lead out of the folder.
  const isFolder = (await lstat(folder)).isDirectory();
  const entries = (isFolder ? await readdir(folder, { withFileTypes: true }) : []).filter((entry) => entry.isFile());
  const files: Record<string, JsonObject> = {};
  for (const { name } of entries.filter((entry) => entry.name !== OUTPUT)) {
    files[name] = { ...(await artifacts.putFile(join(folder, name))), name };
  }
  if (!entries.some(({ name }) => name === OUTPUT)) return { files };
  const output: unknown = JSON.parse(await readFile(join(folder, OUTPUT), 'utf8'));
  if (isRecord(output)) return { ...(output as JsonObject), files };
  throw new ModelyardError('invalid_input', `${CONTAINER_FOLDER}/outputs/${OUTPUT} is not a JSON object.`);
}
