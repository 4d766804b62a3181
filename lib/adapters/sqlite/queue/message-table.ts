import type { CarriedCounts, RejectReason } from '#core';
import type { Database } from '../database/database.ts';

/** The names of a model's queues, in the table and for people. */
export const queuesOf = (model: string) => ({
  tasks: `modelyard.${model}.tasks`,
  deadLetters: `modelyard.${model}.dead-letters`,
});

/** A message that somebody has just received. */
export interface ReceivedMessage {
  readonly id: number;
  readonly receipt: number;
  readonly fence: number;
  readonly attempts: number;
  readonly losses: number;
  readonly is_suspect: number;
  readonly reason: string | null;
  readonly body: Uint8Array;
}

/** Which message, and which delivery of it. */
export type Handle = Pick<ReceivedMessage, 'id' | 'receipt'>;

interface Claim {
  readonly queue: string;
  /** The process that receives. */
  readonly owner: number;
  readonly max: number;
  /** Unix milliseconds. */
  readonly now: number;
  readonly leaseUntil: number;
  /** Deliveries of dead letters count nothing. */
  readonly counts: boolean;
}

/** Everything that is done to messages. Each call belongs into `Database.write`, but for those that only look. */
export class MessageTable {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  insert(queue: string, body: Uint8Array): void {
    this.#database.run(INSERT, queue, body);
  }

  /** Hands out the oldest messages that are available. An owner left behind by a lease that ended has vanished. */
  claim({ queue, owner, max, now, leaseUntil, counts }: Claim): readonly ReceivedMessage[] {
    const claimed = this.#database.all<ReceivedMessage>(
      counts ? CLAIM : CLAIM_DEAD_LETTER,
      ...[leaseUntil, owner, queue, now, max],
    );
    // RETURNING promises no order.
    return claimed.sort((a, b) => a.id - b.id);
  }

  /** Whether the message was still held by this delivery. */
  delete({ id, receipt }: Handle, owner: number): boolean {
    return (
      this.#database.run('DELETE FROM messages WHERE id = ? AND receipt = ? AND owner = ?', id, receipt, owner) > 0
    );
  }

  /** Gives a message back, with what its next delivery continues from. */
  giveBack({ id, receipt }: Handle, owner: number, availableAt: number, counts: CarriedCounts): boolean {
    const { fence, attempts, losses, isSuspect } = counts;
    return (
      this.#database.run(GIVE_BACK, availableAt, fence, attempts, losses, Number(isSuspect), id, receipt, owner) > 0
    );
  }

  /** Moves a message to another queue for good. */
  bury({ id, receipt }: Handle, owner: number, queue: string, attempts: number, reason: RejectReason): boolean {
    return this.#database.run(BURY, queue, attempts, JSON.stringify(reason), id, receipt, owner) > 0;
  }

  /** Whether the delivery still held its message, which it does now until `leaseUntil`. */
  renew({ id, receipt }: Handle, owner: number, leaseUntil: number): boolean {
    return this.#database.run(RENEW, leaseUntil, id, receipt, owner) > 0;
  }

  /** When the next message of a queue is available, Unix milliseconds; undefined while there is none. */
  nextAvailableAt(queue: string): number | undefined {
    return this.#database.get<{ available_at: number }>(NEXT, queue)?.available_at;
  }

  /** Counts the messages of a queue. */
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

const INSERT = `
  INSERT INTO messages (queue, available_at, receipt, fence, attempts, losses, is_suspect, body)
  VALUES (?, 0, 0, 0, 0, 0, 0, ?)
`;

const AVAILABLE = `
  SELECT id FROM messages WHERE queue = ? AND available_at <= ? ORDER BY available_at, id LIMIT ?
`;

const RECEIVED = 'id, receipt, fence, attempts, losses, is_suspect, reason, body';

const CLAIM = `
  UPDATE messages SET
    available_at = ?,
    losses = losses + (owner IS NOT NULL),
    is_suspect = is_suspect OR owner IS NOT NULL,
    owner = ?,
    receipt = receipt + 1,
    fence = fence + 1
  WHERE id IN (${AVAILABLE}) RETURNING ${RECEIVED}
`;

const CLAIM_DEAD_LETTER = `
  UPDATE messages SET available_at = ?, owner = ?, receipt = receipt + 1
  WHERE id IN (${AVAILABLE}) RETURNING ${RECEIVED}
`;

const HELD = 'id = ? AND receipt = ? AND owner = ?';

const GIVE_BACK = `
  UPDATE messages SET available_at = ?, owner = NULL, fence = ?, attempts = ?, losses = ?, is_suspect = ? WHERE ${HELD}
`;

const BURY = `
  UPDATE messages SET queue = ?, available_at = 0, owner = NULL, attempts = ?, is_suspect = 0, reason = ? WHERE ${HELD}
`;

const RENEW = `UPDATE messages SET available_at = ? WHERE ${HELD}`;

const NEXT = 'SELECT available_at FROM messages WHERE queue = ? ORDER BY available_at LIMIT 1';

const COUNT_AVAILABLE = 'SELECT count(*) AS waiting FROM messages WHERE queue = ? AND available_at <= ?';

const COUNT_LATER = `
  SELECT count(*) AS later, count(owner) AS held FROM messages WHERE queue = ? AND available_at > ?
`;
