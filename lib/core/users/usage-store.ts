/** Recent usage of a user: a JSON document of a few kilobytes. */
export interface StoredUsage {
  readonly document: string;
  /** Starts at 1 and increases with each change: the optimistic lock of `put`. */
  readonly version: number;
}

/** Usage by owner. Reads are consistent. All methods reject with `store_unavailable` when the store cannot be reached. */
export interface UsageStore {
  get(owner: string): Promise<StoredUsage | undefined>;
  /**
   * Writes if the stored version is `usage.version - 1`, or if nothing is stored and it is 1. Otherwise resolves with
   * false.
   */
  put(owner: string, usage: StoredUsage): Promise<boolean>;
  delete(owner: string): Promise<void>;
}
