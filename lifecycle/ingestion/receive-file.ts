import { aText, type HttpRequest, JSON_TYPE, jsonFields, optional } from '#api';
import { type JsonObject, ModelyardError } from '#core';
import { invalidField } from '../json-body.ts';
import type { Lifecycle } from '../lifecycle.ts';
import { FILE_FORMATS, type FileFormat, formatOfName, formatOfType } from './file-formats.ts';

const MAX_NAME = 255;

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
    const { url, key = '', format } = source;
    if (url !== undefined) {
      stores.outbound.check(url);
      const name = nameOfUrl(url);
      const file = { name, format: format ?? formatOfName(name) ?? null };
      return { args: { url, file, source: `url ${withoutQuery(url)}`, ...options }, maxBad };
    }
    const file = {
      ...(await stores.artifacts.take(key)),
      name: key.slice(-MAX_NAME),
      format: format ?? knownFormat(key),
    };
    return { args: { file, source: `key ${key}`, ...options }, maxBad };
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

/** The rules are what makes the cast safe. Throws `invalid_input` unless there is either a URL or a key. */
function sourceFields(request: HttpRequest): Source {
  const rules = { url: optional(aText), key: optional(aText), format: optional(aFormat) };
  const source = jsonFields(request, { what: 'a valid source', rules }) as Source;
  if ((source.url === undefined) !== (source.key === undefined)) return source;
  throw invalidField('/url', 'or /key must name the file, and not both');
}

/** The last part of the path. */
const nameOfUrl = (url: string): string => (new URL(url).pathname.split('/').at(-1) || 'download').slice(-MAX_NAME);

/** Queries of signed URLs are secrets. */
const withoutQuery = (url: string): string => new URL(url).origin + new URL(url).pathname;

function knownFormat(name: string): FileFormat {
  const format = formatOfName(name);
  if (format) return format;
  throw new ModelyardError('invalid_request', 'Say what the file is, for example ?format=csv.');
}

function readMaxBad(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d(?:\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  if (value <= 1) return value;
  throw new ModelyardError('invalid_request', 'The query parameter max_bad must be a number from 0 to 1.');
}
