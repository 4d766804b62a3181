import { isUtf8 } from 'node:buffer';

const NEWLINE = 10;
const RETURN = 13;
const QUOTE = 34;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
/** A quoted field that goes on for longer counts as a missing quote, which would swallow the rest of the file. */
const MAX_QUOTED_BYTES = 64 * 1024;

/** Why a record cannot be read. The codes are stable. */
export type RecordFault =
  | { readonly code: 'ragged'; readonly message: string }
  | { readonly code: 'quotes'; readonly message: string }
  | { readonly code: 'encoding'; readonly message: string };

/**
 * Finds the records of CSV and faults of their structure, byte by byte, because other readers silently drop or join
 * broken records. After a fault it goes on at the next line, so that a missing quote costs one line. The properties
 * describe the record that `next` has found; they are reused to keep large files fast.
 */
export class CsvScanner {
  readonly #delimiter: number;
  readonly #columns: number;
  /** Position behind the record. */
  end = 0;
  /** Position behind the last byte of the record without its line ending. */
  contentEnd = 0;
  /** Line endings in the record, that at its end included. */
  lines = 0;
  fault: RecordFault | undefined;
  isBlank = false;
  hasReturn = false;
  #fields = 0;

  /** `columns`: the fields of every record; 0 takes any number. */
  constructor({ delimiter, columns }: { readonly delimiter: string; readonly columns: number }) {
    this.#delimiter = delimiter.charCodeAt(0);
    this.#columns = columns;
  }

  /** Fields of the record. */
  get fields(): number {
    return this.#fields;
  }

  /**
   * Skips records without quotes and without anything unusual, which are most of most files. Returns how many, and the
   * position behind them in `end`.
   */
  skipPlain(bytes: Buffer, start: number): number {
    const delimiter = this.#delimiter;
    const columns = this.#columns;
    const length = bytes.length;
    let records = 0;
    let fields = 1;
    let recordStart = start;
    for (let at = start; at < length; at += 1) {
      const byte = bytes[at] as number;
      if (byte === delimiter) fields += 1;
      else if (byte === NEWLINE) {
        if (fields !== columns || at === recordStart) break;
        records += 1;
        recordStart = at + 1;
        fields = 1;
      } else if (byte === QUOTE || byte === RETURN || byte === 0 || byte >= 0x80) break;
    }
    this.end = recordStart;
    return records;
  }

  /** Reads the record at `start`. False when the buffer ends within it, unless it is the last buffer. */
  next(bytes: Buffer, start: number, isLast: boolean): boolean {
    this.fault = undefined;
    this.#fields = 1;
    this.lines = 0;
    this.hasReturn = false;
    const length = bytes.length;
    const delimiter = this.#delimiter;
    let isPlain = true;
    let at = start;
    let fieldStart = start;
    for (; at < length; at += 1) {
      const byte = bytes[at] as number;
      if (byte === delimiter) {
        this.#fields += 1;
        fieldStart = at + 1;
      } else if (byte === NEWLINE) break;
      else if (byte === QUOTE) {
        if (at !== fieldStart) this.#fail('quotes', 'a field without quotes contains a quote');
        else {
          const closing = this.#closingQuote(bytes, at + 1);
          if (closing === -2 && !isLast && length - at < MAX_QUOTED_BYTES) return false;
          if (closing < 0) {
            this.#fail('quotes', closing === -1 ? 'text follows a closing quote' : 'a quote is not closed');
            break;
          }
          at = closing;
        }
        isPlain = false;
      } else if (byte === RETURN && bytes[at + 1] !== NEWLINE) {
        if (at + 1 === length && !isLast) return false;
        if (at + 1 < length) this.#fail('quotes', 'a field contains a carriage return');
      } else if (byte >= 0x80 || byte === 0) isPlain = false;
    }
    if (this.fault) return this.#skipLine(bytes, start, isLast);
    if (at >= length && !isLast) return false;
    this.#finish(bytes, start, at);
    if (!isPlain) this.#checkText(bytes, start);
    if (!this.fault && !this.isBlank && this.#columns > 0 && this.#fields !== this.#columns) {
      this.#fail('ragged', `${this.#fields} fields instead of ${this.#columns}`);
    }
    return this.fault && this.lines > 1 ? this.#skipLine(bytes, start, isLast) : true;
  }

  /** -1: text follows the quote. -2: it is not closed. Counts the line endings inside. */
  #closingQuote(bytes: Buffer, from: number): number {
    const limit = Math.min(bytes.length, from + MAX_QUOTED_BYTES);
    for (let at = from; at < limit; at += 1) {
      const byte = bytes[at] as number;
      if (byte === NEWLINE) this.lines += 1;
      else if (byte === QUOTE) {
        const after = bytes[at + 1];
        if (after === QUOTE) at += 1;
        else if (after === this.#delimiter || after === NEWLINE || after === RETURN) return at;
        else return after === undefined ? (at + 1 === bytes.length ? at : -2) : -1;
      }
    }
    return -2;
  }

  #finish(bytes: Buffer, start: number, at: number): void {
    this.hasReturn = at > start && bytes[at - 1] === RETURN;
    this.contentEnd = this.hasReturn ? at - 1 : at;
    this.isBlank = this.contentEnd === start;
    this.end = Math.min(at + 1, bytes.length);
    this.lines += 1;
  }

  #checkText(bytes: Buffer, start: number): void {
    const record = bytes.subarray(start, this.contentEnd);
    if (!isUtf8(record)) this.#fail('encoding', 'the bytes are not UTF-8');
    else if (record.includes(BYTE_ORDER_MARK))
      this.#fail('encoding', 'the file contains a byte order mark after its beginning');
    else if (record.includes(0)) this.#fail('encoding', 'the file contains a zero byte');
  }

  /** The record is only its first line, and the next one starts behind it. */
  #skipLine(bytes: Buffer, start: number, isLast: boolean): boolean {
    const newline = bytes.indexOf(NEWLINE, start);
    if (newline < 0 && !isLast) return false;
    this.lines = 0;
    this.#finish(bytes, start, newline < 0 ? bytes.length : newline);
    return true;
  }

  #fail(code: RecordFault['code'], message: string): void {
    this.fault ??= { code, message };
  }
}
