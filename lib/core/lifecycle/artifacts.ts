/** A file whose name is its content. */
export interface Artifact {
  /** SHA-256 of the content, hexadecimal. */
  readonly hash: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * Stores files under the hash of their content, so that the same content is stored once and never changes. Rejects with
 * `store_unavailable`.
 */
export interface ArtifactStore {
  put(bytes: Uint8Array): Promise<Artifact>;
  /** Stores a copy of a local file. */
  putFile(path: string): Promise<Artifact>;
  /** Rejects with `resource_not_found` for an unknown hash. */
  read(hash: string): Promise<Uint8Array>;
  /** A local file with the content, which must not be changed. Rejects with `resource_not_found` for an unknown hash. */
  fileOf(hash: string): Promise<string>;
  /**
   * Stores a copy of an object that was uploaded to the same bucket or folder, by its key below `inbox/`. Rejects with
   * `resource_not_found` for an unknown key.
   */
  take(key: string): Promise<Artifact>;
  /** Deletes the content, also if it is not there. Copies of other processes stay until they end. */
  delete(hash: string): Promise<void>;
}

export const isArtifactHash = (value: unknown): value is string =>
  typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
