/** A JSON document of a few kilobytes. */
export interface StoredDocument {
  readonly document: string;
  /** Starts at 1 and increases with each change: the optimistic lock of `put`. */
  readonly version: number;
}

export interface DocumentTimes {
  /** When the document may be deleted. Absent: never. Unix milliseconds. */
  readonly expiresAt?: number;
  /** Time of the next action of a sender. Absent: never. Unix milliseconds. */
  readonly dueAt?: number;
}

/** Growing pauses between looks at a task that has not ended. */
export interface LookPace {
  /** A pause is this part of the time since the submit. */
  readonly share: number;
  readonly minMs: number;
  readonly maxMs: number;
}

export const webhookKey = (taskId: string): string => `webhook:${taskId}`;
export const secretKey = (owner: string): string => `webhook-secret:${owner}`;

/** For stores whose reads cost nothing. */
export const FREQUENT_LOOKS: LookPace = { share: 0.1, minMs: 50, maxMs: 10_000 };

/**
 * The queue of webhooks and the records of their deliveries, by key. Reads are consistent. All methods reject with
 * `store_unavailable` or `queue_unavailable`.
 */
export interface WebhookStore {
  readonly pace: LookPace;
  get(key: string): Promise<StoredDocument | undefined>;
  /**
   * Writes if the stored version is the one before, or if nothing is stored and it is 1. Otherwise resolves with false.
   */
  put(key: string, stored: StoredDocument, times: DocumentTimes): Promise<boolean>;
  delete(key: string): Promise<void>;
  /** Delivers the key to a sender at that time or earlier. Does nothing where senders ask `due`. */
  wake(key: string, at: number, group: string): Promise<void>;
  /** Due keys, oldest first. Absent where keys are messages of a queue. */
  due?(now: number, limit: number): Promise<readonly string[]>;
  /** Keys from such a queue. Waits for some. A key that is not done is delivered again. */
  receive?(signal: AbortSignal): Promise<readonly ReceivedKey[]>;
}

export interface ReceivedKey {
  readonly key: string;
  done(): Promise<void>;
}
