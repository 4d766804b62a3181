import { eventHeap, type SimEvent } from './event-heap.ts';
import { mix, Random } from './random.ts';

/** A simulated process: what it does happens in its own events, and stops when it dies. */
export interface Actor {
  /** Unique; a restarted process has a new one. */
  readonly name: string;
  isAlive: boolean;
  /** Nothing runs in it before this time, as under SIGSTOP. Milliseconds since the start of the simulation. */
  frozenUntil: number;
  /** Offset of its clock in milliseconds; positive if it is ahead. */
  readonly skewMs: number;
  /** Calls over the network so far, by what they were for. */
  readonly calls: Map<string, number>;
}

/** Simulated time zero, as Unix milliseconds. */
export const EPOCH = Date.UTC(2030, 0, 1);

/** Time to read what has arrived. */
const READ_MS = 0.001;

/** Resolves when no promise callback is left to be run: Node turns to its ticks only then. */
const promisesSettled = (): Promise<void> => new Promise((resolve) => queueMicrotask(() => process.nextTick(resolve)));

/**
 * Runs events in the order of their simulated time. After each event all promise callbacks run to their end before
 * the next event, so that the order of everything depends on the seed alone.
 */
export class Engine {
  /** Milliseconds since the start of the simulation. */
  now = 0;
  /** Events run so far. */
  steps = 0;
  /** The actor of the current event. */
  current: Actor | undefined;
  /** Set by an event that leaves no promise callbacks to be run before the next one. */
  isSettled = false;
  /** Random numbers for the code under test. */
  readonly random: Random;
  readonly #events = eventHeap();
  readonly #seed: number;
  #order = 0;
  #stopped = false;

  constructor(seed: number) {
    this.#seed = seed;
    this.random = new Random(mix(seed, 0x7a11));
  }

  get unixMs(): number {
    return EPOCH + Math.floor(this.now);
  }

  spawn(name: string, skewMs = 0): Actor {
    return { name, isAlive: true, frozenUntil: 0, skewMs, calls: new Map() };
  }

  /** Runs `run` in the actor, `ms` from now. */
  after(actor: Actor, ms: number, run: () => void, isImmediate = false): SimEvent {
    this.#order += 1;
    const event = { time: this.now + Math.max(0, ms), order: this.#order, actor, run, isCanceled: false, isImmediate };
    this.#events.push(event);
    return event;
  }

  /** A latency in milliseconds that depends on the seed and on what it is for. */
  latency(key: number, min: number, max: number): number {
    return min + ((mix(this.#seed, key) % 1000) / 1000) * (max - min);
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Runs until `stop` is called, nothing is left to happen, or the time limit is reached. */
  async run({ untilMs }: { readonly untilMs: number }): Promise<void> {
    while (!this.#stopped) {
      const event = this.#events.pop();
      if (event === undefined || event.time > untilMs) return;
      if (event.isCanceled || !event.actor.isAlive) continue;
      if (event.actor.frozenUntil > event.time) {
        // After a block, Node reads what has arrived before it runs immediates.
        event.time = event.actor.frozenUntil + (event.isImmediate ? READ_MS : 0);
        this.#events.push(event);
        continue;
      }
      this.now = event.time;
      this.steps += 1;
      this.current = event.actor;
      this.isSettled = false;
      event.run();
      if (!this.isSettled) await promisesSettled();
      this.current = undefined;
    }
  }
}
