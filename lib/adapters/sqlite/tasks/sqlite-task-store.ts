import {
  applyEvent,
  type Clock,
  type EventOutcome,
  isTerminal,
  isUntouched,
  MAX_DEAD_LETTERS_COUNTED,
  type Task,
  type TaskEvent,
  type TaskPage,
  type TaskQuery,
  type TaskStore,
} from '#core';
import type { Database } from '../database/database.ts';
import { translated } from '../errors.ts';
import type { WakeUps } from '../wake/wake-ups.ts';
import { listTasks } from './task-listing.ts';
import { CHANGING, changingValues, FIXED, fixedValues, type TaskRow, toTask } from './task-row.ts';

interface TaskStoreOptions {
  readonly database: Database;
  readonly wakeUps: WakeUps;
  readonly clock: Clock;
}

/** Polling intervals of waits, with and without a connection to the other processes. */
const LINKED_WAIT_MS = 1000;
const UNLINKED_WAIT_MS = 50;
/** Aborting without a reason creates a DOMException, which is expensive. */
const OVER = 'The wait is over.';

/** Tasks as rows. A change reads the row, applies the event with the core, and writes it, in one transaction. */
export class SqliteTaskStore implements TaskStore {
  readonly #database: Database;
  readonly #wakeUps: WakeUps;
  readonly #clock: Clock;

  constructor({ database, wakeUps, clock }: TaskStoreOptions) {
    this.#database = database;
    this.#wakeUps = wakeUps;
    this.#clock = clock;
  }

  create(task: Task): Promise<Task | undefined> {
    const values = [...fixedValues(task), ...changingValues(task)];
    return this.#write((database) => {
      if (database.run(INSERT, ...values) > 0) return undefined;
      const existing = this.#find(task.id);
      if (existing) return existing;
      // The existing row has expired.
      database.run(DELETE, task.id);
      database.run(INSERT, ...values);
      return undefined;
    });
  }

  get(id: string): Promise<Task | undefined> {
    return this.#read(() => this.#find(id));
  }

  async apply(id: string, event: TaskEvent): Promise<EventOutcome> {
    const { outcome, hasEnded } = await this.#write((database) => {
      const current = this.#find(id);
      if (!current) return { outcome: 'missing', hasEnded: false } as const;
      const { outcome, task } = applyEvent(current, event);
      if (outcome === 'applied') database.run(UPDATE, ...changingValues(task), id);
      return { outcome, hasEnded: outcome === 'applied' && isTerminal(task.state) };
    });
    if (hasEnded) this.#wakeUps.tellEnd(id);
    return outcome;
  }

  async withdraw(task: Task): Promise<void> {
    const isGone = await this.#write((database) => {
      const stored = this.#find(task.id);
      return stored !== undefined && isUntouched(stored, task) && database.run(DELETE, task.id) > 0;
    });
    if (isGone) this.#wakeUps.tellEnd(task.id);
  }

  list(query: TaskQuery): Promise<TaskPage> {
    return this.#read(() => listTasks(this.#database, query, this.#clock.now()));
  }

  countDeadLetters(model: string): Promise<number> {
    return this.#read(() => {
      const now = this.#clock.now();
      const row = this.#database.get<{ count: number }>(COUNT_DEAD_LETTERS, model, now);
      return row?.count ?? 0;
    });
  }

  async untilEnded(id: string, signal: AbortSignal): Promise<undefined> {
    const over = new AbortController();
    const end = () => over.abort(OVER);
    const stop = this.#wakeUps.onEnd(id, end);
    signal.addEventListener('abort', end, { once: true });
    try {
      // The task may have ended before the subscription.
      const state = await this.#read(() => this.#database.get<Pick<Task, 'state'>>(STATE, id)?.state);
      if (state === undefined || isTerminal(state) || signal.aborted) return;
      await this.#clock.sleep(this.#wakeUps.isLinked ? LINKED_WAIT_MS : UNLINKED_WAIT_MS, over.signal);
    } finally {
      stop();
      signal.removeEventListener('abort', end);
    }
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

const STATE = 'SELECT state FROM tasks WHERE id = ?';

const UPDATE = `UPDATE tasks SET ${CHANGING.map((column) => `${column} = ?`).join(', ')} WHERE id = ?`;

const DELETE = 'DELETE FROM tasks WHERE id = ?';

const COUNT_DEAD_LETTERS = `
  SELECT count(*) AS count
  FROM (SELECT 1 FROM tasks WHERE model = ? AND retained_until > ? AND dead_letter IS NOT NULL LIMIT ${MAX_DEAD_LETTERS_COUNTED})
`;
