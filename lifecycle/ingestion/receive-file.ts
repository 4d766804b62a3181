import { aText, type HttpRequest, JSON_TYPE, jsonFields, optional } from '#api';
import { type JsonObject, ModelyardError } from '#core';
import { invalidField } from '../json-body.ts';
import type { Lifecycle } from '../lifecycle.ts';
import { FILE_FORMATS, type FileFormat, formatOfType } from './file-formats.ts';
import { knownFormat, MAX_NAME, namedFile } from './named-file.ts';

export interface ReceivedFile {
  /** Arguments of the stage `ingest`, without the dataset. */
  readonly args: JsonObject;
  readonly maxBad: number | undefined;
}

/**
 * The file of a request: its body, or what a JSON body names by `url` or `key`. Query parameters: `name`, `format`,
 * `delimiter`, `max_bad`.
 */
export async function receiveFile({ stores }: Lifecycle, request: HttpRequest): Promise<ReceivedFile> {
  const { query } = request;
  const delimiter = query.one('delimiter');
  if (delimiter !== undefined && !/^[\t\x20-\x7e]$/.test(delimiter)) {
    throw new ModelyardError('invalid_request', 'The query parameter delimiter must be one ASCII character.');
  }
  const options = { ...(delimiter === undefined ? {} : { delimiter }) };
  const maxBad = readMaxBad(query.one('max_bad'));
  const type = contentType(request);
  if (type === JSON_TYPE) {
    const source = sourceFields(request);
    return { args: { ...(await namedFile({ stores }, source)), ...options }, maxBad };
  }
  const name = (query.one('name') ?? 'upload').slice(0, MAX_NAME);
  const format = query.word('format', FILE_FORMATS) ?? formatOfType(type) ?? knownFormat(name);
  const bytes = request.body();
  if (bytes.byteLength === 0) throw new ModelyardError('invalid_request', 'The body is empty: send the file.');
  return {
    args: { file: { ...(await stores.artifacts.put(bytes)), name, format }, source: 'upload', ...options },
    maxBad,
  };
}

const contentType = (request: HttpRequest): string =>
  (request.headers.list('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';

const aFormat = (value: unknown) =>
  FILE_FORMATS.some((format) => format === value) ? undefined : `Must be one of ${FILE_FORMATS.join(', ')}.`;

interface Source {
  readonly url?: string;
  readonly key?: string;
  readonly format?: FileFormat;
}

/** The rules make the cast safe. Throws `invalid_input` unless there is either a URL or a key. */
function sourceFields(request: HttpRequest): Source {
  const rules = { url: optional(aText), key: optional(aText), format: optional(aFormat) };
  const source = jsonFields(request, { what: 'a valid source', rules }) as Source;
  if ((source.url === undefined) !== (source.key === undefined)) return source;
  throw invalidField('/url', 'or /key must name the file, and not both');
}

function readMaxBad(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d(?:\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  if (value <= 1) return value;
  throw new ModelyardError('invalid_request', 'The query parameter max_bad must be a number from 0 to 1.');
}
