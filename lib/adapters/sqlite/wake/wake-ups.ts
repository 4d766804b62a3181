import { setTimeout as sleep } from 'node:timers/promises';
import type { Task } from '#core';
import { WakeLink, type WakeLinkOptions } from './wake-link.ts';
import { type EndedTask, taskOf, toEndedTask, type WakeMessage } from './wake-message.ts';

type Wake = () => void;
/** Called with the task if it succeeded with a small result. */
type WakeWithTask = (task?: Task) => void;

/** Polling intervals for ended tasks, with and without a connection to the other processes. */
const LINKED_POLL_MS = 1000;
const UNLINKED_POLL_MS = 50;

/**
 * Notifies all processes of the data folder of new messages and ended tasks. Notifications may be lost; receivers also
 * poll the database.
 */
export class WakeUps {
  readonly #link: WakeLink;
  readonly #arrivals = new Map<string, Set<Wake>>();
  readonly #ends = new Map<string, Set<WakeWithTask>>();
  readonly #closing = new AbortController();
  #arrived = new Set<string>();
  #ended: EndedTask[] = [];
  #isFlushScheduled = false;
  #isPollingEnds = false;
  #wantsTasks = false;

  constructor(options: Pick<WakeLinkOptions, 'folder' | 'onLead' | 'onLeave'>) {
    this.#link = new WakeLink({
      ...options,
      onMessage: (message) => this.#dispatch(message),
      onChange: () => this.#wakeAll(),
    });
  }

  /** Whether this process is connected to the other processes. */
  get isLinked(): boolean {
    return this.#link.isLinked;
  }

  /** Call after a commit that made a message available. */
  notifyArrival(queue: string): void {
    this.#arrived.add(queue);
    this.#scheduleFlush();
  }

  /** Call after the commit that ended a task. */
  notifyEnd(task: Task): void {
    this.#ended.push(toEndedTask(task));
    this.#scheduleFlush();
  }

  /** Calls `wake` when the queue may have a new message. Returns a function that unsubscribes. */
  onArrival(queue: string, wake: Wake): () => void {
    const isNew = !this.#arrivals.has(queue);
    const stop = add(this.#arrivals, queue, wake);
    if (isNew) this.#updateInterest();
    return stop;
  }

  /** Calls `wake` when the task may have ended, and at intervals. Returns a function that unsubscribes. */
  onEnd(taskId: string, wake: WakeWithTask): () => void {
    const stop = add(this.#ends, taskId, wake);
    if (!this.#wantsTasks) {
      this.#wantsTasks = true;
      this.#updateInterest();
    }
    if (!this.#isPollingEnds) void this.#pollEnds(this.#closing.signal);
    return stop;
  }

  close(): void {
    this.#closing.abort();
    this.#link.close();
    this.#wakeAll();
  }

  /** Collects notifications until all writes of a commit have resolved. */
  #scheduleFlush(): void {
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    process.nextTick(() => this.#flush());
  }

  #flush(): void {
    const message = {
      ...(this.#arrived.size > 0 ? { arrived: [...this.#arrived] } : {}),
      ...(this.#ended.length > 0 ? { ended: this.#ended } : {}),
    };
    this.#isFlushScheduled = false;
    this.#arrived = new Set();
    this.#ended = [];
    this.#dispatch(message);
    this.#link.send(message);
  }

  #dispatch({ arrived = [], ended = [], isInterestSet = false }: WakeMessage): void {
    if (isInterestSet) this.#wakeAll();
    for (const queue of arrived) for (const wake of this.#arrivals.get(queue) ?? []) wake();
    for (const end of ended) {
      const wakes = this.#ends.get(end.id);
      if (!wakes) continue;
      const task = taskOf(end);
      for (const wake of wakes) wake(task);
    }
  }

  /** One timer for all subscribed tasks. Finds ended tasks whose notification was lost. */
  async #pollEnds(signal: AbortSignal): Promise<void> {
    this.#isPollingEnds = true;
    while (this.#ends.size > 0 && !signal.aborted) {
      const ms = this.isLinked ? LINKED_POLL_MS : UNLINKED_POLL_MS;
      await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
      for (const wakes of this.#ends.values()) for (const wake of wakes) wake();
    }
    this.#isPollingEnds = false;
  }

  /** Notifications may have been lost, so all listeners poll. */
  #wakeAll(): void {
    for (const wakes of [...this.#arrivals.values(), ...this.#ends.values()]) for (const wake of wakes) wake();
  }

  #updateInterest(): void {
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
