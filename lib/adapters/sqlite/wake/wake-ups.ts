import { setTimeout as sleep } from 'node:timers/promises';
import type { Task } from '#core';
import { WakeLink, type WakeLinkOptions } from './wake-link.ts';
import { type EndedTask, toEndedTask, toldTask, type WakeMessage } from './wake-message.ts';

type Wake = () => void;
/** The task is told where it succeeded with a small result. */
type WakeAtEnd = (task?: Task) => void;

/** How often ended tasks are looked for, with and without a connection to the other processes. */
const LINKED_WATCH_MS = 1000;
const UNLINKED_WATCH_MS = 50;

/**
 * Notifies all processes of the data folder of new messages and ended tasks. Notifications may be lost; receivers also
 * poll the database.
 */
export class WakeUps {
  readonly #link: WakeLink;
  readonly #arrivals = new Map<string, Set<Wake>>();
  readonly #ends = new Map<string, Set<WakeAtEnd>>();
  readonly #closing = new AbortController();
  #arrived = new Set<string>();
  #ended: EndedTask[] = [];
  #isTelling = false;
  #isWatchingEnds = false;
  #wantsTasks = false;

  constructor(options: Pick<WakeLinkOptions, 'folder' | 'onLead' | 'onLeave'>) {
    this.#link = new WakeLink({
      ...options,
      onMessage: (message) => this.#hear(message),
      onChange: () => this.#wakeAll(),
    });
  }

  /** Whether notifications of other processes arrive. */
  get isLinked(): boolean {
    return this.#link.isLinked;
  }

  /** Call after a commit that made a message available. */
  tellArrival(queue: string): void {
    this.#arrived.add(queue);
    this.#tellSoon();
  }

  /** Call after the commit that ended a task. */
  tellEnd(task: Task): void {
    this.#ended.push(toEndedTask(task));
    this.#tellSoon();
  }

  /** Calls `wake` when the queue may have a new message. Returns a function that unsubscribes. */
  onArrival(queue: string, wake: Wake): () => void {
    const isNew = !this.#arrivals.has(queue);
    const stop = add(this.#arrivals, queue, wake);
    if (isNew) this.#tellInterest();
    return stop;
  }

  /** Calls `wake` when the task may have ended, and at intervals. Returns a function that unsubscribes. */
  onEnd(taskId: string, wake: WakeAtEnd): () => void {
    const stop = add(this.#ends, taskId, wake);
    if (!this.#wantsTasks) {
      this.#wantsTasks = true;
      this.#tellInterest();
    }
    if (!this.#isWatchingEnds) void this.#watchEnds(this.#closing.signal);
    return stop;
  }

  close(): void {
    this.#closing.abort();
    this.#link.close();
    this.#wakeAll();
  }

  /** Collects notifications until all writes of a commit have resolved. */
  #tellSoon(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    process.nextTick(() => this.#tell());
  }

  #tell(): void {
    const message = {
      ...(this.#arrived.size > 0 ? { arrived: [...this.#arrived] } : {}),
      ...(this.#ended.length > 0 ? { ended: this.#ended } : {}),
    };
    this.#isTelling = false;
    this.#arrived = new Set();
    this.#ended = [];
    this.#hear(message);
    this.#link.tell(message);
  }

  #hear({ arrived = [], ended = [], isNoted = false }: WakeMessage): void {
    if (isNoted) this.#wakeAll();
    for (const queue of arrived) for (const wake of this.#arrivals.get(queue) ?? []) wake();
    for (const end of ended) {
      const wakes = this.#ends.get(end.id);
      if (!wakes) continue;
      const task = toldTask(end);
      for (const wake of wakes) wake(task);
    }
  }

  /** One timer for all tasks that somebody waits for: finds ends that were not told. */
  async #watchEnds(signal: AbortSignal): Promise<void> {
    this.#isWatchingEnds = true;
    while (this.#ends.size > 0 && !signal.aborted) {
      const ms = this.isLinked ? LINKED_WATCH_MS : UNLINKED_WATCH_MS;
      await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
      for (const wakes of this.#ends.values()) for (const wake of wakes) wake();
    }
    this.#isWatchingEnds = false;
  }

  /** Notifications may have been lost, so all listeners look. */
  #wakeAll(): void {
    for (const wakes of [...this.#arrivals.values(), ...this.#ends.values()]) for (const wake of wakes) wake();
  }

  #tellInterest(): void {
    this.#link.setInterest({ queues: [...this.#arrivals.keys()], tasks: this.#wantsTasks });
  }
}

function add<Listener>(listeners: Map<string, Set<Listener>>, key: string, wake: Listener): () => void {
  const wakes = listeners.get(key) ?? new Set<Listener>();
  listeners.set(key, wakes.add(wake));
  return () => {
    wakes.delete(wake);
    if (wakes.size === 0 && listeners.get(key) === wakes) listeners.delete(key);
  };
}
