import { equalBytes, hashBytes } from './strings.ts';

interface Entry<T> {
  readonly name: Uint8Array;
  readonly value: T;
}

/** Finds what a name stands for by the bytes of the name, without making a string of each. */
export class NameTable<T> {
  readonly #buckets: Entry<T>[][];

  /** Of a name given twice, the last value counts. */
  constructor(named: Iterable<readonly [name: string, value: T]>) {
    const entries = [...new Map(named)].map(([name, value]) => ({ name: Buffer.from(name), value }));
    let size = 4;
    while (size < 2 * entries.length) size *= 2;
    this.#buckets = Array.from({ length: size }, () => []);
    for (const entry of entries) this.#bucket(entry.name, 0, entry.name.length).push(entry);
  }

  get(bytes: Uint8Array, start: number, end: number): T | undefined {
    for (const { name, value } of this.#bucket(bytes, start, end)) {
      if (name.length === end - start && equalBytes(name, 0, bytes, start, name.length)) return value;
    }
    return undefined;
  }

  #bucket(bytes: Uint8Array, start: number, end: number): Entry<T>[] {
    return this.#buckets[hashBytes(bytes, start, end) & (this.#buckets.length - 1)] ?? [];
  }
}
