import { FILE_FORMATS, type FileFormat } from './load-source.ts';

export { FILE_FORMATS, type FileFormat };

const FORMAT_OF_TYPE: ReadonlyMap<string, FileFormat> = new Map([
  ['text/csv', 'csv'],
  ['application/x-ndjson', 'jsonl'],
  ['application/jsonl', 'jsonl'],
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

/** The format that a `Content-Type` names. */
export const formatOfType = (type: string): FileFormat | undefined =>
  FORMAT_OF_TYPE.get((type.split(';', 1)[0] ?? '').trim().toLowerCase());

/** The format that the ending of a file's name says. */
export function formatOfName(name: string): FileFormat | undefined {
  const ending = name.slice(name.lastIndexOf('.') + 1).toLowerCase();
  return Object.hasOwn(FORMAT_OF_ENDING, ending) ? FORMAT_OF_ENDING[ending] : undefined;
}
