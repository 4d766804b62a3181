import { aText, type HttpRequest, JSON_TYPE, jsonFields, optional } from '#api';
import { type JsonObject, ModelyardError } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import { FILE_FORMATS, type FileFormat } from './load-source.ts';

const FORMAT_OF_TYPE: ReadonlyMap<string, FileFormat> = new Map([
  ['text/csv', 'csv'],
  ['application/x-ndjson', 'jsonl'],
  ['application/vnd.apache.parquet', 'parquet'],
]);
const FORMAT_OF_ENDING: Readonly<Record<string, FileFormat>> = {
  csv: 'csv',
  tsv: 'csv',
  txt: 'csv',
  json: 'jsonl',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  parquet: 'parquet',
};
const MAX_NAME = 255;

export interface ReceivedFile {
  /** Arguments of the stage `ingest`, without the dataset. */
  readonly args: JsonObject;
  readonly maxBad: number | undefined;
}

/**
 * Stores the file of a request: its body, or what a JSON body names by `key`. Query parameters: `name`, `format`,
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
    const fields = jsonFields(request, { what: 'a valid source', rules: { key: aText, format: optional(aFormat) } });
    const key = fields.key as string;
    const format = (fields.format as FileFormat | undefined) ?? formatOfName(key);
    const file = { ...(await stores.artifacts.take(key)), name: key.slice(-MAX_NAME), format };
    return { args: { file, source: `key ${key}`, ...options }, maxBad };
  }
  const name = (query.one('name') ?? 'upload').slice(0, MAX_NAME);
  const format = query.word('format', FILE_FORMATS) ?? FORMAT_OF_TYPE.get(type) ?? formatOfName(name);
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

function formatOfName(name: string): FileFormat {
  const format = FORMAT_OF_ENDING[name.slice(name.lastIndexOf('.') + 1).toLowerCase()];
  if (format) return format;
  throw new ModelyardError('invalid_request', 'Say what the file is, for example ?format=csv.');
}

function readMaxBad(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d(?:\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  if (value <= 1) return value;
  throw new ModelyardError('invalid_request', 'The query parameter max_bad must be a number from 0 to 1.');
}
