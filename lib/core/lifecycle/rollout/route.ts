/** The key that selects the version of a task. `entity` and `header` are the routing key of the request. */
export const ROUTING_KEYS = ['task', 'idempotency_key', 'entity', 'header'] as const;
export type RoutingKey = (typeof ROUTING_KEYS)[number];

export interface RoutedTask {
  /** Derived from the Idempotency-Key, if there is one. */
  readonly taskId: string;
  /** The header `Routing-Key`, or the id of the entity. */
  readonly routingKey?: string | undefined;
}

/** The text that is hashed for a task. A task without a routing key has its id. */
export const keyOf = ({ taskId, routingKey }: RoutedTask, key: RoutingKey): string =>
  (key === 'entity' || key === 'header') && routingKey ? routingKey : taskId;

/**
 * The place of a key from 0 to 1 (exclusive), evenly spread. The salt, for example the name of a version, makes the places
 * of two roll-outs independent.
 */
export function placeOf(key: string, salt: string): number {
  let state = 0x811c9dc5;
  for (const text of [salt, '\u0000', key]) {
    for (let at = 0; at < text.length; at++) {
      // FNV-1a, one byte of the UTF-16 unit after the other.
      const unit = text.charCodeAt(at);
      state = Math.imul(state ^ (unit & 0xff), 0x01000193);
      state = Math.imul(state ^ (unit >>> 8), 0x01000193);
    }
  }
  // The finalizer of MurmurHash3: keys that differ in their last character only are far from each other.
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return ((state ^ (state >>> 16)) >>> 0) / 2 ** 32;
}

/** Whether a key belongs to the share. A larger share keeps every key of a smaller one. */
export const isInShare = (key: string, { salt, share }: { readonly salt: string; readonly share: number }): boolean =>
  placeOf(key, salt) < share;
