import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { ModelyardError } from '#core';
import { requireColumnNames } from './column-names.ts';
import { CsvScanner, type RecordFault } from './scan-csv.ts';

/** A record that DuckDB does not get to see. */
export interface BrokenRecord {
  /** From 1, in the file that was sent. */
  readonly line: number;
  readonly fault: RecordFault;
  /** Its text, as far as it can be shown. */
  readonly text: string;
}

export interface CleanCsv {
  readonly columns: readonly string[];
  readonly delimiter: string;
  readonly broken: readonly BrokenRecord[];
  /** Rows in the copy. */
  readonly rows: number;
  /** From this row of the copy on, counted from 0, lines follow one another from `line` on. Sorted. */
  readonly lines: readonly { readonly row: number; readonly line: number }[];
  readonly hasQuotedNewlines: boolean;
}

const CHUNK_BYTES = 4 * 1024 * 1024;
/** The longest line. DuckDB takes the same. */
export const MAX_LINE_BYTES = 10_000_000;
const DELIMITERS = [',', ';', '\t', '|'] as const;
const MAX_SHOWN = 2_000;
const MARKS: readonly (readonly [mark: Buffer, name: string])[] = [
  [Buffer.from([0xff, 0xfe]), 'UTF-16'],
  [Buffer.from([0xfe, 0xff]), 'UTF-16'],
];
const UTF8_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * Copies the records of a CSV file that have the structure of its header, one line ending for all, and lists the
 * others. Rejects with `invalid_input` when the header cannot be used. `delimiter`: taken from the header by default.
 */
export async function cleanCsv(source: string, copy: string, delimiter?: string): Promise<CleanCsv> {
  const output = await open(copy, 'w');
  try {
    return await new Cleaner(output, delimiter).run(source);
  } finally {
    await output.close();
  }
}

class Cleaner {
  readonly #output: FileHandle;
  #delimiter: string | undefined;
  #scanner: CsvScanner | undefined;
  #columns: readonly string[] = [];
  #line = 1;
  #rows = 0;
  #hasQuotedNewlines = false;
  readonly #broken: BrokenRecord[] = [];
  readonly #lines: { row: number; line: number }[] = [];

  constructor(output: FileHandle, delimiter: string | undefined) {
    this.#output = output;
    this.#delimiter = delimiter;
  }

  async run(source: string): Promise<CleanCsv> {
    let rest: Buffer = Buffer.alloc(0);
    let isFirst = true;
    for await (const chunk of createReadStream(source, { highWaterMark: CHUNK_BYTES })) {
      rest = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
      if (isFirst) rest = withoutMark(rest);
      isFirst = false;
      rest = await this.#take(rest, false);
    }
    await this.#take(rest, true);
    if (!this.#scanner) throw invalid('The file is empty.');
    return {
      columns: this.#columns,
      delimiter: this.#delimiter ?? ',',
      broken: this.#broken,
      rows: this.#rows,
      lines: this.#lines,
      hasQuotedNewlines: this.#hasQuotedNewlines,
    };
  }

  /** Copies the complete records and returns the bytes behind them. */
  async #take(bytes: Buffer, isLast: boolean): Promise<Buffer> {
    let at = 0;
    if (!this.#scanner) {
      at = this.#readHeader(bytes, isLast);
      if (!this.#scanner) return shortEnough(bytes, this.#line);
    }
    const scanner = this.#scanner;
    const pieces: Buffer[] = [];
    let copyFrom = at;
    const flush = (until: number) => {
      if (until > copyFrom) pieces.push(bytes.subarray(copyFrom, until));
    };
    const skip = () => {
      const records = scanner.skipPlain(bytes, at);
      if (records === 0) return;
      this.#keep(1, records);
      this.#line += records;
      at = scanner.end;
    };
    skip();
    while (at < bytes.length && scanner.next(bytes, at, isLast)) {
      const { end, contentEnd, lines, fault } = scanner;
      if (fault || scanner.isBlank) {
        flush(at);
        copyFrom = end;
        if (fault) this.#refuse(fault, bytes.subarray(at, contentEnd));
      } else {
        if (scanner.hasReturn || (isLast && end === contentEnd)) {
          flush(contentEnd);
          pieces.push(NEWLINE);
          copyFrom = end;
        }
        this.#keep(lines);
      }
      this.#line += lines;
      at = end;
      skip();
    }
    flush(at);
    if (pieces.length > 0) await this.#output.writev(pieces);
    return at === bytes.length ? EMPTY : shortEnough(bytes.subarray(at), this.#line);
  }

  #keep(lines: number, records = 1): void {
    const last = this.#lines.at(-1);
    if (!last || last.line + (this.#rows - last.row) !== this.#line) {
      this.#lines.push({ row: this.#rows, line: this.#line });
    }
    this.#rows += records;
    if (lines > 1) this.#hasQuotedNewlines = true;
  }

  #refuse(fault: RecordFault, record: Buffer): void {
    const text = record.subarray(0, MAX_SHOWN).toString('utf8');
    this.#broken.push({ line: this.#line, fault, text });
  }

  /** Returns the position behind the header, 0 while it is incomplete. */
  #readHeader(bytes: Buffer, isLast: boolean): number {
    if (bytes.length === 0) return 0;
    const newline = bytes.indexOf(10);
    const first = bytes.subarray(0, newline < 0 ? bytes.length : newline).toString('utf8');
    if (newline < 0 && !isLast) return 0;
    this.#delimiter ??= likelyDelimiter(first);
    const scanner = new CsvScanner({ delimiter: this.#delimiter, columns: 0 });
    if (!scanner.next(bytes, 0, isLast)) return 0;
    if (scanner.fault) throw invalid(`The header cannot be read: ${scanner.fault.message}.`);
    this.#columns = namesIn(bytes.subarray(0, scanner.contentEnd).toString('utf8'), this.#delimiter);
    this.#line += scanner.lines;
    this.#scanner = new CsvScanner({ delimiter: this.#delimiter, columns: this.#columns.length });
    return scanner.end;
  }
}

/** The beginning of a line whose end has not been read. */
export function shortEnough(bytes: Buffer, line: number): Buffer {
  if (bytes.length <= MAX_LINE_BYTES) return bytes;
  throw invalid(`Line ${line} has more than ${MAX_LINE_BYTES / 1e6} MB.`);
}

const EMPTY: Buffer = Buffer.alloc(0);
const NEWLINE = Buffer.from('\n');

function withoutMark(bytes: Buffer): Buffer {
  const wrong = MARKS.find(([mark]) => bytes.subarray(0, mark.length).equals(mark));
  if (wrong) throw invalid(`The file is ${wrong[1]}. Send it as UTF-8.`);
  return bytes.subarray(0, UTF8_MARK.length).equals(UTF8_MARK) ? bytes.subarray(UTF8_MARK.length) : bytes;
}

/** The one that the header has most of, outside quotes. */
function likelyDelimiter(header: string): string {
  const outside = header.replaceAll(/"[^"]*"/g, '');
  const counts = DELIMITERS.map((delimiter) => ({ delimiter, count: outside.split(delimiter).length }));
  return counts.reduce((best, next) => (next.count > best.count ? next : best)).delimiter;
}

function namesIn(header: string, delimiter: string): readonly string[] {
  const names = splitFields(header, delimiter).map((field) =>
    (field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field).trim(),
  );
  requireColumnNames(names);
  return names;
}

function splitFields(record: string, delimiter: string): readonly string[] {
  const fields: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at <= record.length; at += 1) {
    if (record[at] === '"') isQuoted = !isQuoted;
    if (at < record.length && (isQuoted || record[at] !== delimiter)) continue;
    fields.push(record.slice(start, at));
    start = at + 1;
  }
  return fields;
}

const invalid = (message: string) => new ModelyardError('invalid_input', message);
