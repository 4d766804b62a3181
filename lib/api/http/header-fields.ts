import type { MultiValues, ProxyEvent, SingleValues } from './proxy.ts';

/** Request headers, case-insensitive, with repeated names. */
export class HeaderFields {
  readonly #values = new Map<string, string[]>();

  constructor(entries: Iterable<readonly [name: string, value: string]> = []) {
    for (const [name, value] of entries) {
      const known = this.#values.get(name.toLowerCase());
      if (known) known.push(value);
      else this.#values.set(name.toLowerCase(), [value]);
    }
  }

  /** All values of a name, in order. */
  all(name: string): readonly string[] {
    return this.#values.get(name.toLowerCase()) ?? [];
  }

  /** All values combined as in RFC 9110. Undefined without the header. */
  list(name: string): string | undefined {
    const values = this.all(name);
    return values.length === 0 ? undefined : values.join(', ');
  }
}

/** Prefers the multi-value form of the event, because the other one drops values. */
export const headersOf = ({ headers, multiValueHeaders }: ProxyEvent): HeaderFields =>
  new HeaderFields(multiValueHeaders ? multiEntries(multiValueHeaders) : singleEntries(headers ?? {}));

const multiEntries = (values: MultiValues): [string, string][] =>
  Object.entries(values).flatMap(([name, all]) => (all ?? []).map((value): [string, string] => [name, value]));

const singleEntries = (values: SingleValues): [string, string][] =>
  Object.entries(values).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]]));
