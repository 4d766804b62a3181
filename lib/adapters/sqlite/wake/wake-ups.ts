import { WakeLink, type WakeLinkOptions } from './wake-link.ts';
import type { WakeMessage } from './wake-message.ts';

type Wake = () => void;

/**
 * Notifies all processes of the data folder of new messages and ended tasks. Notifications may be lost; receivers also
 * poll the database.
 */
export class WakeUps {
  readonly #link: WakeLink;
  readonly #arrivals = new Map<string, Set<Wake>>();
  readonly #ends = new Map<string, Set<Wake>>();
  #arrived = new Set<string>();
  #ended = new Set<string>();
  #isTelling = false;
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

  tellEnd(taskId: string): void {
    this.#ended.add(taskId);
    this.#tellSoon();
  }

  /** Calls `wake` when the queue may have a new message. Returns a function that unsubscribes. */
  onArrival(queue: string, wake: Wake): () => void {
    const isNew = !this.#arrivals.has(queue);
    const stop = add(this.#arrivals, queue, wake);
    if (isNew) this.#tellInterest();
    return stop;
  }

  /** Calls `wake` when the task may have ended. Returns a function that unsubscribes. */
  onEnd(taskId: string, wake: Wake): () => void {
    const stop = add(this.#ends, taskId, wake);
    if (!this.#wantsTasks) {
      this.#wantsTasks = true;
      this.#tellInterest();
    }
    return stop;
  }

  close(): void {
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
      ...(this.#ended.size > 0 ? { ended: [...this.#ended] } : {}),
    };
    this.#isTelling = false;
    this.#arrived = new Set();
    this.#ended = new Set();
    this.#hear(message);
    this.#link.tell(message);
  }

  #hear({ arrived = [], ended = [], isNoted = false }: WakeMessage): void {
    if (isNoted) this.#wakeAll();
    for (const queue of arrived) for (const wake of this.#arrivals.get(queue) ?? []) wake();
    for (const id of ended) for (const wake of this.#ends.get(id) ?? []) wake();
  }

  /** Notifications may have been lost, so all listeners look. */
  #wakeAll(): void {
    for (const wakes of [...this.#arrivals.values(), ...this.#ends.values()]) for (const wake of wakes) wake();
  }

  #tellInterest(): void {
    this.#link.setInterest({ queues: [...this.#arrivals.keys()], tasks: this.#wantsTasks });
  }
}

function add(listeners: Map<string, Set<Wake>>, key: string, wake: Wake): () => void {
  const wakes = listeners.get(key) ?? new Set();
  listeners.set(key, wakes.add(wake));
  return () => {
    wakes.delete(wake);
    if (wakes.size === 0 && listeners.get(key) === wakes) listeners.delete(key);
  };
}
