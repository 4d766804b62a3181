import { ModelyardError } from '#core';
import type { ProxyEvent } from './proxy.ts';

/** Query parameters, percent-decoded. */
export class QueryParameters {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(entries: Iterable<readonly [name: string, values: readonly string[]]>) {
    this.#values = new Map(entries);
  }

  /** An empty value counts as missing. Throws `invalid_request` for a repeated parameter. */
  one(name: string): string | undefined {
    const [value, ...others] = this.#values.get(name) ?? [];
    if (others.length > 0) throw badParameter(name, 'must be given once');
    return value === '' ? undefined : value;
  }

  /** A whole number from `min` to `max`. Undefined when missing. Throws `invalid_request`. */
  integer(name: string, { min, max }: { readonly min: number; readonly max: number }): number | undefined {
    const text = this.one(name);
    if (text === undefined) return undefined;
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) throw badParameter(name, `must be a whole number from ${min} to ${max}`);
    return value;
  }

  /** `true` or `false`; false when missing. Throws `invalid_request` for anything else, an empty value included. */
  flag(name: string): boolean {
    const isGiven = (this.#values.get(name) ?? []).length > 0;
    const text = this.one(name);
    if (isGiven && text !== 'true' && text !== 'false') throw badParameter(name, 'must be one of true, false');
    return text === 'true';
  }

  /** One of `words`. Undefined when missing. Throws `invalid_request`. */
  word<T extends string>(name: string, words: readonly T[]): T | undefined {
    const text = this.one(name);
    const word = words.find((candidate) => candidate === text);
    if (text !== undefined && word === undefined) throw badParameter(name, `must be one of ${words.join(', ')}`);
    return word;
  }
}

/** Prefers the multi-value form of the event, because the other one drops values. */
export function queryOf({ multiValueQueryStringParameters: multi, queryStringParameters: single }: ProxyEvent) {
  const entries = multi
    ? Object.entries(multi).map(([name, values]) => [name, values ?? []] as const)
    : Object.entries(single ?? {}).map(([name, value]) => [name, value === undefined ? [] : [value]] as const);
  return new QueryParameters(entries);
}

const badParameter = (name: string, must: string): ModelyardError =>
  new ModelyardError('invalid_request', `The query parameter ${name} ${must}.`, {
    errors: [{ pointer: `/query/${name}`, message: must }],
  });
