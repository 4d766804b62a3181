import { type CarriedCounts, flowOf, type QueuedMessage, type RejectReason, turnOf } from '#core';
import type { Database } from '../database/database.ts';

/** Names of a model's queues. */
export const queuesOf = (model: string) => ({
  tasks: `modelyard.${model}.tasks`,
  deadLetters: `modelyard.${model}.dead-letters`,
});

export interface ReceivedMessage {
  readonly id: number;
  readonly receipt: number;
  readonly turn: number;
  readonly fence: number;
  readonly attempts: number;
  readonly losses: number;
  readonly is_suspect: number;
  readonly reason: string | null;
  readonly body: Uint8Array;
}

export type Handle = Pick<ReceivedMessage, 'id' | 'receipt'>;

interface Claim {
  readonly queue: string;
  /** The process that receives. */
  readonly owner: number;
  readonly max: number;
  /** Unix milliseconds. */
  readonly now: number;
  readonly leaseUntil: number;
  /** Whether to count the delivery. Deliveries of dead letters are not counted. */
  readonly counts: boolean;
}

/** All statements about messages. Those that write must run inside `Database.write`. */
export class MessageTable {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Adds a message with the next turn of its group. */
  insert(queue: string, { body, group, priority }: QueuedMessage): void {
    const flow = flowOf(group, priority);
    const { served, last } = this.#database.get<{ served: number | null; last: number | null }>(
      POSITION,
      queue,
      queue,
      flow,
    ) ?? { served: null, last: null };
    const turn = turnOf({ served: served ?? 0, last: last ?? undefined }, priority);
    this.#database.run(INSERT, queue, flow, turn, body);
  }

  /** Claims the available messages of a queue that have the lowest turns. */
  claim({ queue, owner, max, now, leaseUntil, counts }: Claim): readonly ReceivedMessage[] {
    if (this.#database.get(DUE, queue, now)) this.#database.run(RETURN_DUE, queue, now);
    const claimed = this.#database.all<ReceivedMessage>(claim(max), leaseUntil, owner, Number(counts), queue);
    // The order of RETURNING is undefined.
    claimed.sort((a, b) => a.turn - b.turn || a.id - b.id);
    const served = claimed.at(-1)?.turn ?? 0;
    if (served > 0) this.#database.run(SERVE, queue, served);
    return claimed;
  }

  /** Makes all messages of a process available. Returns their queues. */
  free(owner: number): readonly string[] {
    const freed = this.#database.all<{ queue: string }>(FREE, owner);
    return [...new Set(freed.map(({ queue }) => queue))];
  }

  /** Returns false if the delivery no longer holds the message. */
  delete({ id, receipt }: Handle, owner: number): boolean {
    return (
      this.#database.run('DELETE FROM messages WHERE id = ? AND receipt = ? AND owner = ?', id, receipt, owner) > 0
    );
  }

  /** Returns a message to its queue with new counts. Returns false if the delivery no longer holds it. */
  release({ id, receipt }: Handle, owner: number, availableAt: number, counts: CarriedCounts): boolean {
    const { fence, attempts, losses, isSuspect } = counts;
    return this.#database.run(RELEASE, availableAt, fence, attempts, losses, Number(isSuspect), id, receipt, owner) > 0;
  }

  /** Moves a message to the dead-letter queue. Returns false if the delivery no longer holds it. */
  moveToDeadLetters(
    { id, receipt }: Handle,
    owner: number,
    queue: string,
    attempts: number,
    reason: RejectReason,
  ): boolean {
    return this.#database.run(MOVE_TO_DEAD_LETTERS, queue, attempts, JSON.stringify(reason), id, receipt, owner) > 0;
  }

  /** Extends the lease. Returns false if the delivery no longer holds the message. */
  renew({ id, receipt }: Handle, owner: number, leaseUntil: number): boolean {
    return this.#database.run(RENEW, leaseUntil, id, receipt, owner) > 0;
  }

  /** When the next message is available, Unix milliseconds. Undefined if the queue is empty. */
  nextAvailableAt(queue: string): number | undefined {
    return this.#database.get<{ available_at: number }>(NEXT, queue)?.available_at;
  }

  count(queue: string, now: number) {
    const held = this.#database.get<{ held: number; later: number }>(COUNT_LATER, queue, now);
    const waiting = this.#database.get<{ waiting: number }>(COUNT_AVAILABLE, queue, now);
    return {
      available: waiting?.waiting ?? 0,
      held: held?.held ?? 0,
      delayed: (held?.later ?? 0) - (held?.held ?? 0),
    };
  }
}

/** Two reads of an index each, however many messages wait. */
const POSITION = `
  SELECT (SELECT turn FROM served_turns WHERE queue = ?) AS served,
    (SELECT max(turn) FROM messages WHERE queue = ? AND flow = ?) AS last
`;

const INSERT = `
  INSERT INTO messages (queue, flow, turn, available_at, receipt, fence, attempts, losses, is_suspect, body)
  VALUES (?, ?, ?, 0, 0, 0, 0, 0, 0, ?)
`;

const SERVE = `
  INSERT INTO served_turns (queue, turn) VALUES (?, ?)
  ON CONFLICT (queue) DO UPDATE SET turn = excluded.turn WHERE excluded.turn > turn
`;

/** Messages whose lease or delay has ended. */
const DUE = 'SELECT 1 FROM messages WHERE queue = ? AND available_at BETWEEN 1 AND ? LIMIT 1';

/** A message that still has an owner was lost. Losses of dead letters, which have a reason, are not counted. */
const RETURN = `
  available_at = 0,
  losses = losses + (owner IS NOT NULL AND reason IS NULL),
  is_suspect = is_suspect OR (owner IS NOT NULL AND reason IS NULL),
  owner = NULL
`;

const RETURN_DUE = `UPDATE messages SET ${RETURN} WHERE queue = ? AND available_at BETWEEN 1 AND ?`;

/** Finds held messages queue by queue. An index on the owner would slow down every task. */
const FREE = `
  WITH RECURSIVE queues (queue) AS (
    SELECT min(queue) FROM messages
    UNION ALL
    SELECT (SELECT min(queue) FROM messages WHERE queue > queues.queue) FROM queues WHERE queue IS NOT NULL
  )
  UPDATE messages SET ${RETURN}
  WHERE queue IN (SELECT queue FROM queues) AND available_at > 0 AND owner = ? RETURNING queue
`;

/** The limit is part of the text, because SQLite recompiles statements with a limit parameter on each execution. */
const claim = (max: number): string => `
  UPDATE messages SET available_at = ?, owner = ?, receipt = receipt + 1, fence = fence + ?
  WHERE id IN (SELECT id FROM messages WHERE queue = ? AND available_at = 0 ORDER BY turn, id LIMIT ${Math.floor(max)})
  RETURNING id, receipt, turn, fence, attempts, losses, is_suspect, reason, body
`;

const HELD = 'id = ? AND receipt = ? AND owner = ?';

const RELEASE = `
  UPDATE messages SET available_at = ?, owner = NULL, fence = ?, attempts = ?, losses = ?, is_suspect = ? WHERE ${HELD}
`;

const MOVE_TO_DEAD_LETTERS = `
  UPDATE messages SET queue = ?, flow = '', turn = 0, available_at = 0, owner = NULL, attempts = ?, is_suspect = 0, reason = ? WHERE ${HELD}
`;

const RENEW = `UPDATE messages SET available_at = ? WHERE ${HELD}`;

const NEXT = 'SELECT available_at FROM messages WHERE queue = ? ORDER BY available_at LIMIT 1';

const COUNT_AVAILABLE = 'SELECT count(*) AS waiting FROM messages WHERE queue = ? AND available_at <= ?';

const COUNT_LATER = `
  SELECT count(*) AS later, count(owner) AS held FROM messages WHERE queue = ? AND available_at > ?
`;
