import { generateKeyPairSync, type JsonWebKey, randomUUID } from 'node:crypto';

/** A private Ed25519 key as a JWK. */
export interface SigningKey extends JsonWebKey {
  readonly kid: string;
  /** Unix milliseconds from which new tokens are signed with it. Before, it only verifies. */
  readonly signsFrom: number;
}

/** The keys of a system, newest first. Secret: never log it. */
export interface KeyRing {
  readonly keys: readonly SigningKey[];
}

/** How long processes may use a ring that they have read. */
export const KEY_RING_AGE_MS = 60_000;
/** A new key signs after every process has read it. */
const PUBLISHED_AFTER_MS = 2 * KEY_RING_AGE_MS;

function newKey(signsFrom: number): SigningKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), signsFrom };
}

export const newKeyRing = (): KeyRing => ({ keys: [newKey(0)] });

/** Adds a key that signs in two minutes, and keeps the one that signs until then. Tokens of both are valid. */
export function rotateKeyRing(ring: KeyRing, now: number): KeyRing {
  const current = signingKeyOf(ring, now);
  return { keys: [newKey(now + PUBLISHED_AFTER_MS), current] };
}

/** The newest key that may sign. Throws for a ring without one. */
export function signingKeyOf({ keys }: KeyRing, now: number): SigningKey {
  const key = keys.find(({ signsFrom }) => signsFrom <= now) ?? keys.at(-1);
  if (!key) throw new Error('The key ring is empty.');
  return key;
}
