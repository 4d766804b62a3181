import type { ArtifactStore } from '#core';
import { invalid, missing } from './mlflow-error.ts';
import { runOf } from './runs.ts';
import type { Endpoint, Tracking } from './tracking.ts';

/** A file or folder, as MLflow lists it. */
interface ListedFile {
  readonly path: string;
  readonly is_dir: boolean;
  readonly file_size?: number;
}

/** A path without empty, relative and hidden parts. Throws `INVALID_PARAMETER_VALUE`. */
function artifactPath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.length === 0 || parts.some((part) => part === '.' || part === '..')) {
    throw invalid(`${path} is not the path of an artifact.`);
  }
  return parts.join('/');
}

/** Stores a file. A later one of the same path replaces it. */
export async function putFile(
  { database }: Pick<Tracking, 'database'>,
  artifacts: Pick<ArtifactStore, 'put'>,
  { path, bytes }: { readonly path: string; readonly bytes: Uint8Array },
): Promise<void> {
  const { hash: sha256, size } = await artifacts.put(bytes);
  await database.query
    .insertInto('files')
    .values({ path: artifactPath(path), sha256, bytes: size })
    .onConflict((conflict) => conflict.column('path').doUpdateSet({ sha256, bytes: size }))
    .execute();
}

/** The hash of the content of a file. Throws `RESOURCE_DOES_NOT_EXIST`. */
export async function hashOf({ database }: Pick<Tracking, 'database'>, path: string): Promise<string> {
  const query = database.query.selectFrom('files').selectAll().where('path', '=', artifactPath(path));
  const row = await query.executeTakeFirst();
  if (!row) throw missing(`artifact ${path}`);
  return row.sha256;
}

/** Deletes a file, or a folder with everything in it. */
export async function deleteFiles({ database }: Pick<Tracking, 'database'>, path: string): Promise<void> {
  const [from, to] = below(artifactPath(path));
  await database.query
    .deleteFrom('files')
    .where(({ eb, or, and }) =>
      or([eb('path', '=', artifactPath(path)), and([eb('path', '>=', from), eb('path', '<', to)])]),
    )
    .execute();
}

/** All files below a folder, with their paths in it. */
async function filesBelow({ database }: Pick<Tracking, 'database'>, folder: string) {
  const [from, to] = below(artifactPath(folder));
  const query = database.query.selectFrom('files').selectAll().where('path', '>=', from).where('path', '<', to);
  const rows = await query.orderBy('path').execute();
  return rows.map(({ path, ...row }) => ({ path: path.slice(from.length), ...row }));
}

/** The first and the next path of a folder: `/` is followed by `0`. */
const below = (folder: string): readonly [string, string] => [`${folder}/`, `${folder}0`];

/** The files and folders directly in a folder; `prefix` is put before their names. */
export async function listFiles(
  tracking: Pick<Tracking, 'database'>,
  folder: string,
  prefix = '',
): Promise<readonly ListedFile[]> {
  const listed = new Map<string, ListedFile>();
  for (const { path, bytes } of await filesBelow(tracking, folder)) {
    const [name = '', ...rest] = path.split('/');
    const shown = prefix === '' ? name : `${prefix}/${name}`;
    listed.set(
      name,
      rest.length > 0 ? { path: shown, is_dir: true } : { path: shown, is_dir: false, file_size: bytes },
    );
  }
  return [...listed.values()];
}

/** The artifacts of a run. */
const listArtifacts: Endpoint = async (tracking, input) => {
  const { id, experiment_id } = await runOf(tracking, input.optionalText('run_id') || input.text('run_uuid'));
  const path = input.optionalText('path') ?? '';
  const root = `${experiment_id}/${id}/artifacts`;
  const files = await listFiles(tracking, path === '' ? root : `${root}/${artifactPath(path)}`, path);
  return { root_uri: `mlflow-artifacts:/${root}`, files };
};

export const ARTIFACT_ENDPOINTS: Readonly<Record<string, Endpoint>> = { 'GET artifacts/list': listArtifacts };
