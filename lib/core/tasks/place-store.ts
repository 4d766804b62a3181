import { randomBytes } from 'node:crypto';

/** A task with the time at which it took a place, and a random part: repeats of a submit are told apart. */
export interface Place {
  readonly id: string;
  /** Unix milliseconds. */
  readonly at: number;
  /** Unique. */
  readonly key: string;
}

/** The places that waiting tasks have in the backlogs of their models. All methods reject with `store_unavailable`. */
export interface PlaceStore {
  /** Minimum interval between two looks for places that have become free. */
  readonly lookMs: number;
  /**
   * Adds places if the model then has at most `max`: all or none, atomically among all processes. Resolves with whether
   * they were added.
   */
  take(model: string, places: readonly Place[], max: number): Promise<boolean>;
  /** Removes places. Those that are not there change nothing. */
  free(model: string, places: readonly Place[]): Promise<void>;
  /** The places that were taken first, at most `limit`. The order is approximate. */
  oldest(model: string, max: number, limit: number): Promise<readonly Place[]>;
}

/** `lookMs` where a look costs next to nothing. Another process may have freed places a moment ago. */
export const CHEAP_LOOK_MS = 50;

const RANDOM_BYTES = 6;

export const newPlace = (id: string, at: number): Place => {
  const seconds = Math.floor(at / 1000);
  return readPlace(`${id}.${seconds.toString(36)}.${randomBytes(RANDOM_BYTES).toString('hex')}`);
};

export function readPlace(key: string): Place {
  const [id = '', seconds = '0'] = key.split('.');
  return { id, at: Number.parseInt(seconds, 36) * 1000, key };
}
