import type { MultiValues, ProxyEvent, SingleValues } from './proxy.ts';

/** Request headers: names in any case, several values under one name. */
export class HeaderFields {
  readonly #values = new Map<string, string[]>();

  constructor(entries: Iterable<readonly [name: string, value: string]> = []) {
    for (const [name, value] of entries) {
      const known = this.#values.get(name.toLowerCase());
      if (known) known.push(value);
      else this.#values.set(name.toLowerCase(), [value]);
    }
  }

  /** Every value under this name, in the order they came. */
  all(name: string): readonly string[] {
    return this.#values.get(name.toLowerCase()) ?? [];
  }

  /** All values as one list, as RFC 9110 combines them; undefined when the header is absent. */
  list(name: string): string | undefined {
    const values = this.all(name);
    return values.length === 0 ? undefined : values.join(', ');
  }
}

/** The headers of a proxy event; its multi-value form where there is one, since the other drops values. */
export const headersOf = ({ headers, multiValueHeaders }: ProxyEvent): HeaderFields =>
  new HeaderFields(multiValueHeaders ? multiEntries(multiValueHeaders) : singleEntries(headers ?? {}));

const multiEntries = (values: MultiValues): [string, string][] =>
  Object.entries(values).flatMap(([name, all]) => (all ?? []).map((value): [string, string] => [name, value]));

const singleEntries = (values: SingleValues): [string, string][] =>
  Object.entries(values).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]]));
