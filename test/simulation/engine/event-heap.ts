import { Heap } from '../../../lib/core/heap.ts';
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
  /** Of `setImmediate`. */
  readonly isImmediate: boolean;
}

const isBefore = (a: SimEvent, b: SimEvent): boolean => a.time < b.time || (a.time === b.time && a.order < b.order);

/** The events to come, the earliest first. */
export const eventHeap = (): Heap<SimEvent> => new Heap(isBefore);
