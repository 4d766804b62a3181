import { isRecord } from '#core';
import { invalid } from './mlflow-error.ts';

export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

/** The parameters of a request: of the body, or of the query, where every value is a text or a list of texts. */
export class Input {
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(fields: Readonly<Record<string, unknown>>) {
    this.#fields = fields;
  }

  has(name: string): boolean {
    return this.#fields[name] !== undefined && this.#fields[name] !== null;
  }

  /** Throws if it is missing. */
  text(name: string): string {
    const value = this.optionalText(name);
    if (value === undefined || value === '') throw invalid(`The parameter ${name} is missing.`);
    return value;
  }

  optionalText(name: string): string | undefined {
    const value = this.#fields[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'string') return value;
    if (typeof value === 'number') return String(value);
    throw invalid(`The parameter ${name} must be a text.`);
  }

  /** 64-bit numbers may be texts. */
  integer(name: string): number | undefined {
    const text = this.optionalText(name);
    if (text === undefined || text === '') return undefined;
    const value = Number(text);
    if (!Number.isSafeInteger(value)) throw invalid(`The parameter ${name} must be a whole number.`);
    return value;
  }

  /** Texts. One text stands for a list of one. */
  texts(name: string): readonly string[] {
    const value = this.#fields[name];
    if (value === undefined || value === null) return [];
    return (Array.isArray(value) ? value : [value]).map(String);
  }

  objects(name: string): readonly Input[] {
    const value = this.#fields[name] ?? [];
    if (Array.isArray(value) && value.every(isRecord)) return value.map((fields) => new Input(fields));
    throw invalid(`The parameter ${name} must be a list of objects.`);
  }

  /** Tags and parameters. A missing value is empty. */
  pairs(name: string): readonly KeyValue[] {
    return this.objects(name).map((each) => ({ key: each.text('key'), value: each.optionalText('value') ?? '' }));
  }

  /** As it was sent. */
  json(name: string): unknown {
    return this.#fields[name];
  }

  /** Up to a limit; 1,000 by default. */
  pageSize(fallback = 1000): number {
    const size = this.integer('max_results') ?? fallback;
    if (size < 1 || size > 50_000) throw invalid('The parameter max_results must be from 1 to 50,000.');
    return size;
  }

  /** The position at which a page starts. */
  offset(): number {
    const token = this.optionalText('page_token');
    if (token === undefined || token === '') return 0;
    const offset = Number(Buffer.from(token, 'base64url').toString());
    if (Number.isSafeInteger(offset) && offset >= 0) return offset;
    throw invalid('The parameter page_token is none that this server has given.');
  }
}

interface Page<T> {
  readonly rows: readonly T[];
  readonly next: { readonly next_page_token?: string };
}

/** A page of rows that were read with one row more than its size. */
export function pageOf<T>(rows: readonly T[], offset: number, size: number): Page<T> {
  const next_page_token = Buffer.from(String(offset + size)).toString('base64url');
  return { rows: rows.slice(0, size), next: rows.length > size ? { next_page_token } : {} };
}
