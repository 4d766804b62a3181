import type { Actor } from './engine.ts';

/** Something that will happen to an actor. */
export interface SimEvent {
  /** Milliseconds since the start of the simulation. */
  time: number;
  /** Orders events of the same time. */
  readonly order: number;
  readonly actor: Actor;
  readonly run: () => void;
  isCanceled: boolean;
}

const isBefore = (a: SimEvent, b: SimEvent): boolean => a.time < b.time || (a.time === b.time && a.order < b.order);

/** The events to come, the earliest first: a binary heap. */
export class EventHeap {
  readonly #events: SimEvent[] = [];

  get size(): number {
    return this.#events.length;
  }

  push(event: SimEvent): void {
    const events = this.#events;
    let at = events.length;
    events.push(event);
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = events[parentAt] as SimEvent;
      if (!isBefore(event, parent)) break;
      events[at] = parent;
      at = parentAt;
    }
    events[at] = event;
  }

  pop(): SimEvent | undefined {
    const events = this.#events;
    const first = events[0];
    const last = events.pop();
    if (first === undefined || last === undefined || events.length === 0) return first;
    let at = 0;
    for (;;) {
      let childAt = 2 * at + 1;
      if (childAt >= events.length) break;
      const right = events[childAt + 1];
      if (right !== undefined && isBefore(right, events[childAt] as SimEvent)) childAt += 1;
      const child = events[childAt] as SimEvent;
      if (!isBefore(child, last)) break;
      events[at] = child;
      at = childAt;
    }
    events[at] = last;
    return first;
  }
}
