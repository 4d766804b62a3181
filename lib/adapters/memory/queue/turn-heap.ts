export interface Turn {
  readonly turn: number;
}

interface Entry<T> {
  readonly item: T;
  /** Order of arrival, for items with the same turn. */
  readonly number: number;
}

/** A binary heap: gives out the item with the lowest turn, the oldest of those with the same turn. */
export class TurnHeap<T extends Turn> {
  readonly #entries: Entry<T>[] = [];
  #pushed = 0;

  get size(): number {
    return this.#entries.length;
  }

  push(item: T): void {
    const entries = this.#entries;
    this.#pushed += 1;
    const entry = { item, number: this.#pushed };
    let index = entries.length;
    entries.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = entries[parent] as Entry<T>;
      if (!isBefore(entry, above)) break;
      entries[index] = above;
      index = parent;
    }
    entries[index] = entry;
  }

  pop(): T | undefined {
    const entries = this.#entries;
    const first = entries[0];
    const last = entries.pop();
    if (first === undefined || last === undefined || entries.length === 0) return first?.item;
    this.#sink(last);
    return first.item;
  }

  /** Moves an entry from the top to its place. */
  #sink(entry: Entry<T>): void {
    const entries = this.#entries;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const right = entries[left + 1];
      const child = right && isBefore(right, entries[left] as Entry<T>) ? left + 1 : left;
      const below = entries[child];
      if (!below || !isBefore(below, entry)) break;
      entries[index] = below;
      index = child;
    }
    entries[index] = entry;
  }
}

const isBefore = <T extends Turn>(a: Entry<T>, b: Entry<T>): boolean =>
  a.item.turn < b.item.turn || (a.item.turn === b.item.turn && a.number < b.number);
