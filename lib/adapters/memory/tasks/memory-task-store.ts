import {
  type BatchStore,
  type BlobStore,
  type BlobStream,
  type BlobStreams,
  type CancelMark,
  type CancelMarks,
  CHEAP_CANCEL_PACE,
  type Clock,
  comparePositions,
  cursorsOf,
  type DeadLetterQuery,
  type EventOutcome,
  inOnePiece,
  isTerminal,
  MAX_DEAD_LETTERS_COUNTED,
  type PlaceStore,
  type Task,
  type TaskEvent,
  type TaskHead,
  type TaskPage,
  type TaskQuery,
  type TaskStore,
  unavailable,
} from '#core';
import { applyEvent, isUntouched } from '#core/events';
import { memoryBatches } from './memory-batches.ts';
import { memoryPlaces } from './memory-places.ts';

/** The reference implementation of the port: `applyEvent` on a map. */
export class MemoryTaskStore implements TaskStore {
  /** While false, every call rejects. */
  reachable = true;
  readonly #clock: Clock;
  readonly keepsRequests = true;
  readonly batches: BatchStore;
  readonly places: PlaceStore;
  readonly cancels: CancelMarks = {
    ...CHEAP_CANCEL_PACE,
    put: async (model, mark) => {
      this.#assertReachable();
      this.#cancels.set(model, mark);
    },
    get: async (model) => {
      this.#assertReachable();
      return this.#cancels.get(model);
    },
  };
  readonly #cancels = new Map<string, CancelMark>();
  readonly #tasks = new Map<string, Task>();
  /** Called when the task ends. */
  readonly #watchers = new Map<string, Set<() => void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.batches = memoryBatches(clock, () => this.#assertReachable());
    this.places = memoryPlaces(() => this.#assertReachable());
  }

  async create(task: Task): Promise<Task | undefined> {
    this.#assertReachable();
    const existing = this.#find(task.id);
    if (existing === undefined) this.#tasks.set(task.id, task);
    return existing;
  }

  async get(id: string): Promise<Task | undefined> {
    this.#assertReachable();
    return this.#find(id);
  }

  async heads(ids: readonly string[]): Promise<readonly (TaskHead | undefined)[]> {
    this.#assertReachable();
    return ids.map((id) => this.#find(id));
  }

  async apply(id: string, event: TaskEvent): Promise<EventOutcome> {
    this.#assertReachable();
    const current = this.#find(id);
    if (current === undefined) return 'missing';
    const { outcome, task } = applyEvent(current, event);
    this.#tasks.set(id, task);
    if (isTerminal(task.state)) this.#notifyWatchers(id);
    return outcome;
  }

  async withdraw(task: Task): Promise<void> {
    this.#assertReachable();
    const stored = this.#tasks.get(task.id);
    if (stored === undefined || !isUntouched(stored, task)) return;
    this.#tasks.delete(task.id);
    this.#notifyWatchers(task.id);
  }

  async erase({ id }: Task): Promise<void> {
    this.#assertReachable();
    this.#tasks.delete(id);
    this.#notifyWatchers(id);
  }

  async list({ owner, model, state, limit, cursor }: TaskQuery): Promise<TaskPage> {
    this.#assertReachable();
    const cursors = cursorsOf({ of: 'tasks', owner });
    const after = cursors.after(cursor);
    const matching = [...this.#tasks.values()]
      .filter((task) => task.owner === owner && this.#isKept(task))
      .filter((task) => (model === undefined || task.model === model) && (state === undefined || task.state === state))
      .filter((task) => after === undefined || comparePositions(after, task) < 0)
      .sort(comparePositions);
    const tasks = matching.slice(0, limit);
    return { tasks, ...cursors.next(matching.length > limit ? tasks.at(-1) : undefined) };
  }

  async listDeadLetters({ model, limit, cursor }: DeadLetterQuery): Promise<TaskPage> {
    this.#assertReachable();
    const cursors = cursorsOf({ of: 'dead-letters', owner: model });
    const after = cursors.after(cursor);
    const positionOf = ({ id, endedAt = 0 }: Task) => ({ id, createdAt: endedAt });
    const matching = [...this.#tasks.values()]
      .filter((task) => task.model === model && task.deadLetter && this.#isKept(task))
      .filter((task) => after === undefined || comparePositions(after, positionOf(task)) < 0)
      .sort((a, b) => comparePositions(positionOf(a), positionOf(b)));
    const tasks = matching.slice(0, limit);
    const last = matching.length > limit ? tasks.at(-1) : undefined;
    return { tasks, ...cursors.next(last && positionOf(last)) };
  }

  async countDeadLetters(model: string): Promise<number> {
    this.#assertReachable();
    const kept = [...this.#tasks.values()].filter((task) => task.model === model && this.#isKept(task));
    return Math.min(kept.filter(({ deadLetter }) => deadLetter).length, MAX_DEAD_LETTERS_COUNTED);
  }

  async untilEnded(id: string, signal: AbortSignal): Promise<undefined> {
    const task = this.#find(id);
    if (task === undefined || isTerminal(task.state) || signal.aborted) return;
    const watchers = this.#watchers.get(id) ?? new Set();
    this.#watchers.set(id, watchers);
    await new Promise<void>((resolve) => {
      const wake = () => {
        watchers.delete(wake);
        if (watchers.size === 0 && this.#watchers.get(id) === watchers) this.#watchers.delete(id);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      watchers.add(wake);
      signal.addEventListener('abort', wake);
    });
  }

  #find(id: string): Task | undefined {
    const task = this.#tasks.get(id);
    if (task === undefined || this.#isKept(task)) return task;
    this.#tasks.delete(id);
    return undefined;
  }

  #isKept(task: Task): boolean {
    return task.retainedUntil > this.#clock.now();
  }

  #notifyWatchers(id: string): void {
    for (const wake of this.#watchers.get(id) ?? []) wake();
  }

  #assertReachable(): void {
    if (!this.reachable) throw unavailable('store_unavailable', 'The task store is unavailable.', undefined);
  }
}

/** The reference implementation of the port. Blobs are not expired. */
export class MemoryBlobStore implements BlobStore, BlobStreams {
  /** While false, every call rejects. */
  reachable = true;
  readonly #blobs = new Map<string, Uint8Array>();

  async put(key: string, bytes: Uint8Array): Promise<void> {
    this.#assertReachable();
    this.#blobs.set(key, bytes.slice());
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    this.#assertReachable();
    return this.#blobs.get(key)?.slice();
  }

  /** In memory as a whole: this is the reference, not a place for large payloads. */
  async write(key: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const received: Uint8Array[] = [];
    for await (const piece of pieces) received.push(piece.slice());
    await this.put(key, Buffer.concat(received));
  }

  async read(key: string): Promise<BlobStream | undefined> {
    const bytes = await this.get(key);
    return bytes && inOnePiece(bytes);
  }

  async sizeOf(key: string): Promise<number | undefined> {
    return (await this.get(key))?.byteLength;
  }

  #assertReachable(): void {
    if (!this.reachable) throw unavailable('store_unavailable', 'The blob store is unavailable.', undefined);
  }
}
