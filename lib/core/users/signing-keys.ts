import { createHash, createPrivateKey, generateKeyPairSync, hkdfSync, type JsonWebKey, randomUUID } from 'node:crypto';

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

/**
 * Parses a ring: `{"keys": [...]}`, or `{"seed": "..."}` of at least 43 random characters, from which the first key is
 * derived. Undefined for any other text.
 */
export function parseKeyRing(text: string): KeyRing | undefined {
  try {
    const { keys, seed } = JSON.parse(text) as Partial<KeyRing & { readonly seed: string }>;
    if (typeof seed === 'string' && seed.length >= MIN_SEED_LENGTH) return { keys: [keyOfSeed(seed)] };
    const isRing = Array.isArray(keys) && keys.length > 0 && keys.every(({ kid, d }) => kid && d);
    return isRing ? { keys } : undefined;
  } catch {
    // Recovery: the caller names the source, and not its content, which may be secret.
    return undefined;
  }
}

/** 256 bits in letters and digits. */
const MIN_SEED_LENGTH = 43;
/** The DER prefix of the 32 bytes of an Ed25519 private key (RFC 8410). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

function keyOfSeed(seed: string): SigningKey {
  const secret = Buffer.from(hkdfSync('sha256', seed, '', 'modelyard signing key', 32));
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, secret]), format: 'der', type: 'pkcs8' });
  const jwk = key.export({ format: 'jwk' });
  const kid = createHash('sha256').update(String(jwk.x)).digest('base64url').slice(0, 22);
  return { ...jwk, kid, signsFrom: 0 };
}

/** Adds a key that signs in two minutes, and keeps those whose tokens may still be valid. */
export function rotateKeyRing(ring: KeyRing, now: number): KeyRing {
  const current = signingKeyOf(ring, now);
  const kept = verifyingKeysOf(ring, now);
  return { keys: [newKey(now + PUBLISHED_AFTER_MS), ...kept.slice(kept.indexOf(current))] };
}

/** Longer than any token is valid. */
const RETIRED_AFTER_MS = 20 * 60_000;

/** The keys that verify tokens. An older key is invalid 20 minutes after the next one signs. */
export const verifyingKeysOf = ({ keys }: KeyRing, now: number): readonly SigningKey[] =>
  keys.filter((_, at) => now < (keys[at - 1]?.signsFrom ?? now) + RETIRED_AFTER_MS);

/** The newest key that may sign. Throws for a ring without one. */
export function signingKeyOf({ keys }: KeyRing, now: number): SigningKey {
  const key = keys.find(({ signsFrom }) => signsFrom <= now) ?? keys.at(-1);
  if (!key) throw new Error('The key ring is empty.');
  return key;
}
