import {
  type BatchStore,
  type CancelMarks,
  type Clock,
  type DeadLetterQuery,
  type EventOutcome,
  isTerminal,
  MAX_DEAD_LETTERS_COUNTED,
  type PlaceStore,
  type QueuedMessage,
  type Task,
  type TaskEvent,
  type TaskHead,
  type TaskPage,
  type TaskQuery,
  type TaskStore,
} from '#core';
import { applyEvent, isUntouched } from '#core/events';
import type { Database } from '../database/database.ts';
import { translated } from '../errors.ts';
import { MessageTable, queuesOf } from '../queue/message-table.ts';
import type { WakeUps } from '../wake/wake-ups.ts';
import { sqliteBatches } from './sqlite-batches.ts';
import { sqliteCancelMarks } from './sqlite-cancel-marks.ts';
import { sqlitePlaces } from './sqlite-places.ts';
import { listDeadLetters, listTasks } from './task-listing.ts';
import { CHANGING, changingValues, FIXED, fixedValues, type TaskRow, toTask } from './task-row.ts';

interface TaskStoreOptions {
  readonly database: Database;
  readonly wakeUps: WakeUps;
  readonly clock: Clock;
}

/** Stores tasks as rows. `apply` reads the row, applies the event and writes the row in one transaction. */
export class SqliteTaskStore implements TaskStore {
  readonly keepsRequests = true;
  readonly batches: BatchStore;
  readonly cancels: CancelMarks;
  readonly places: PlaceStore;
  readonly #database: Database;
  readonly #wakeUps: WakeUps;
  readonly #clock: Clock;
  readonly #messages: MessageTable;

  constructor({ database, wakeUps, clock }: TaskStoreOptions) {
    this.batches = sqliteBatches(database, clock);
    this.cancels = sqliteCancelMarks(database);
    this.places = sqlitePlaces(database);
    this.#database = database;
    this.#messages = new MessageTable(database);
    this.#wakeUps = wakeUps;
    this.#clock = clock;
  }

  create(task: Task): Promise<Task | undefined> {
    return this.#write(() => this.#insert(task));
  }

  /** Like `create`, with the task's first message in the same transaction. */
  async accept(task: Task, message: QueuedMessage): Promise<Task | undefined> {
    const { tasks } = queuesOf(task.model);
    const existing = await this.#write(() => {
      const existing = this.#insert(task);
      if (!existing) this.#messages.insert(tasks, message);
      return existing;
    });
    if (!existing) this.#wakeUps.notifyArrival(tasks);
    return existing;
  }

  get(id: string): Promise<Task | undefined> {
    return this.#read(() => this.#find(id));
  }

  heads(ids: readonly string[]): Promise<readonly (TaskHead | undefined)[]> {
    return this.#read(() => {
      const now = this.#clock.now();
      return ids.map((id) => this.#database.get<TaskHead>(HEAD, id, now));
    });
  }

  async apply(id: string, event: TaskEvent): Promise<EventOutcome> {
    const { outcome, ended } = await this.#write((database) => {
      const current = this.#find(id);
      if (!current) return { outcome: 'missing' } as const;
      const { outcome, task } = applyEvent(current, event);
      if (outcome !== 'applied') return { outcome };
      database.run(UPDATE, ...changingValues(task), id);
      return isTerminal(task.state) ? { outcome, ended: task } : { outcome };
    });
    if (ended) this.#wakeUps.notifyEnd(ended);
    return outcome;
  }

  async withdraw(task: Task): Promise<void> {
    const isGone = await this.#write((database) => {
      const stored = this.#find(task.id);
      return stored !== undefined && isUntouched(stored, task) && database.run(DELETE, task.id) > 0;
    });
    if (isGone) this.#wakeUps.notifyEnd(task);
  }

  async erase(task: Task): Promise<void> {
    await this.#write((database) => database.run(DELETE, task.id));
    this.#wakeUps.notifyEnd(task);
  }

  list(query: TaskQuery): Promise<TaskPage> {
    return this.#read(() => listTasks(this.#database, query, this.#clock.now()));
  }

  listDeadLetters(query: DeadLetterQuery): Promise<TaskPage> {
    return this.#read(() => listDeadLetters(this.#database, query, this.#clock.now()));
  }

  countDeadLetters(model: string): Promise<number> {
    return this.#read(() => {
      const now = this.#clock.now();
      const row = this.#database.get<{ count: number }>(COUNT_DEAD_LETTERS, model, now);
      return row?.count ?? 0;
    });
  }

  async untilEnded(id: string, signal: AbortSignal): Promise<Task | undefined> {
    const { promise, resolve } = Promise.withResolvers<Task | undefined>();
    const stop = this.#wakeUps.onEnd(id, resolve);
    const onAbort = () => resolve(undefined);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      // The task may have ended before the subscription.
      const state = await this.#read(() => this.#database.get<Pick<Task, 'state'>>(STATE, id)?.state);
      if (state === undefined || isTerminal(state) || signal.aborted) return undefined;
      return await promise;
    } finally {
      stop();
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Returns the existing task if the id is taken. Call in a transaction. */
  #insert(task: Task): Task | undefined {
    const values = [...fixedValues(task), ...changingValues(task)];
    if (this.#database.run(INSERT, ...values) > 0) return undefined;
    const existing = this.#find(task.id);
    if (existing) return existing;
    // The existing row has expired.
    this.#database.run(DELETE, task.id);
    this.#database.run(INSERT, ...values);
    return undefined;
  }

  #find(id: string): Task | undefined {
    const row = this.#database.get<TaskRow>(SELECT, id);
    return row && row.retained_until > this.#clock.now() ? toTask(row) : undefined;
  }

  #read<T>(query: () => T): Promise<T> {
    return translated('store_unavailable', this.#database.read(query));
  }

  #write<T>(operation: (database: Database) => T): Promise<T> {
    return translated(
      'store_unavailable',
      this.#database.write(() => operation(this.#database)),
    );
  }
}

const COLUMNS = [...FIXED, ...CHANGING];

const INSERT = `
  INSERT INTO tasks (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')}) ON CONFLICT (id) DO NOTHING
`;

const SELECT = `SELECT ${COLUMNS.join(', ')} FROM tasks WHERE id = ?`;

const HEAD = 'SELECT id, state, deadline_at AS deadlineAt FROM tasks WHERE id = ? AND retained_until > ?';

const STATE = 'SELECT state FROM tasks WHERE id = ?';

const UPDATE = `UPDATE tasks SET ${CHANGING.map((column) => `${column} = ?`).join(', ')} WHERE id = ?`;

const DELETE = 'DELETE FROM tasks WHERE id = ?';

const COUNT_DEAD_LETTERS = `
  SELECT count(*) AS count
  FROM (SELECT 1 FROM tasks WHERE model = ? AND retained_until > ? AND dead_letter IS NOT NULL LIMIT ${MAX_DEAD_LETTERS_COUNTED})
`;
