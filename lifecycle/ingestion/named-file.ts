import { type Artifact, type JsonObject, ModelyardError } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import { type FileFormat, formatOfName } from './file-formats.ts';

export const MAX_NAME = 255;

/** What names a file: a URL, or the key of an object beside the artifacts. */
export interface FileName {
  readonly url?: string | undefined;
  readonly key?: string | undefined;
  readonly format?: FileFormat | undefined;
}

/** Arguments of the stage `ingest`. A URL is fetched by the stage. Throws `invalid_input` for one that is not allowed. */
export async function namedFile(
  { stores }: Pick<Lifecycle, 'stores'>,
  { url, key = '', format }: FileName,
): Promise<JsonObject> {
  if (url !== undefined) {
    stores.outbound.check(url);
    const name = nameOfUrl(url);
    return { url, file: { name, format: format ?? formatOfName(name) ?? null }, source: `url ${withoutQuery(url)}` };
  }
  const stored: Artifact = await stores.artifacts.take(key);
  return { file: { ...stored, name: key.slice(-MAX_NAME), format: format ?? knownFormat(key) }, source: `key ${key}` };
}

/** The last part of the path. */
const nameOfUrl = (url: string): string => (new URL(url).pathname.split('/').at(-1) || 'download').slice(-MAX_NAME);

/** Queries of signed URLs are secrets. */
const withoutQuery = (url: string): string => new URL(url).origin + new URL(url).pathname;

/** The format that the name of a file says. Throws `invalid_request` for an unknown one. */
export function knownFormat(name: string): FileFormat {
  const format = formatOfName(name);
  if (format) return format;
  throw new ModelyardError('invalid_request', 'Name the format of the file, for example ?format=csv.');
}
