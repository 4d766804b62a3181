import { type Artifact, type ArtifactStore, isArtifactHash, isRecord, ModelyardError } from '#core';

/** The files of a version by name, each as the hash of its content. */
export type VersionFiles = Readonly<Record<string, string>>;

/** Stores files, and a list of them whose hash names the version's content. */
export async function packFiles(
  artifacts: Pick<ArtifactStore, 'put'>,
  files: Readonly<Record<string, Uint8Array>>,
): Promise<Artifact> {
  const list: Record<string, string> = {};
  for (const name of Object.keys(files).toSorted()) list[name] = (await artifacts.put(files[name] as Uint8Array)).hash;
  return artifacts.put(Buffer.from(JSON.stringify({ files: list })));
}

/** Reads the list. Rejects with `invalid_input` for other content. */
export async function readVersionFiles(artifacts: Pick<ArtifactStore, 'read'>, hash: string): Promise<VersionFiles> {
  const list: unknown = JSON.parse(Buffer.from(await artifacts.read(hash)).toString());
  const files = isRecord(list) ? list.files : undefined;
  if (isRecord(files) && Object.values(files).every(isArtifactHash)) return files as VersionFiles;
  throw new ModelyardError('invalid_input', `The artifact ${hash} is not a list of files.`);
}
