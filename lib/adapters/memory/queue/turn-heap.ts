import { Heap } from '#core';

export interface Turn {
  readonly turn: number;
}

interface Entry<T> {
  readonly item: T;
  /** Order of arrival, for items with the same turn. */
  readonly number: number;
}

/** Gives out the item with the lowest turn, the oldest of those with the same turn. */
export class TurnHeap<T extends Turn> {
  readonly #entries = new Heap<Entry<T>>(isBefore);
  #pushed = 0;

  get size(): number {
    return this.#entries.size;
  }

  push(item: T): void {
    this.#pushed += 1;
    this.#entries.push({ item, number: this.#pushed });
  }

  pop(): T | undefined {
    return this.#entries.pop()?.item;
  }
}

const isBefore = <T extends Turn>(a: Entry<T>, b: Entry<T>): boolean =>
  a.item.turn < b.item.turn || (a.item.turn === b.item.turn && a.number < b.number);
