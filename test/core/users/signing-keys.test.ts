import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { newKeyRing, rotateKeyRing, signingKeyOf, verifyingKeysOf } from '../../../lib/core/users/signing-keys.ts';

const NOW = 1_000_000_000;
const RETIRED_AFTER_MS = 20 * 60_000;

describe('a key ring', () => {
  it('begins with one key that signs at once', () => {
    const ring = newKeyRing();

    const key = signingKeyOf(ring, 0);

    expect(ring.keys).toEqual([key]);
    expect(key).toMatchObject({ kty: 'OKP', crv: 'Ed25519', kid: expect.any(String) });
    const privateKey = createPrivateKey({ key, format: 'jwk' });
    const signature = sign(null, Buffer.from('text'), privateKey);
    expect(verify(null, Buffer.from('text'), createPublicKey(privateKey), signature)).toBe(true);
  });

  it('signs with a new key two minutes after it was added, and keeps the one before', () => {
    const first = newKeyRing();

    const second = rotateKeyRing(first, NOW);

    const [fresh, old] = second.keys;
    expect(second.keys).toHaveLength(2);
    expect(old).toBe(first.keys[0]);
    expect(fresh?.kid).not.toBe(old?.kid);
    expect(signingKeyOf(second, NOW + 119_999)).toBe(old);
    expect(signingKeyOf(second, NOW + 120_000)).toBe(fresh);
  });

  it('keeps the oldest key through a second rotation while its tokens are valid, and drops it then', () => {
    const first = newKeyRing();
    const second = rotateKeyRing(first, NOW);

    const soon = rotateKeyRing(second, NOW + 120_000);
    const later = rotateKeyRing(second, NOW + 120_000 + RETIRED_AFTER_MS);

    expect(soon.keys.slice(1)).toEqual([second.keys[0], first.keys[0]]);
    expect(later.keys.slice(1)).toEqual([second.keys[0]]);
  });

  it('verifies with a key until 20 minutes after the next one signs, so that a stolen one is worth nothing', () => {
    const ring = rotateKeyRing(newKeyRing(), NOW);
    const retiredAt = NOW + 120_000 + RETIRED_AFTER_MS;

    expect(verifyingKeysOf(ring, retiredAt - 1)).toEqual(ring.keys);
    expect(verifyingKeysOf(ring, retiredAt)).toEqual(ring.keys.slice(0, 1));
  });

  it('signs with the oldest key before any should, and with none when it is empty', () => {
    const { keys } = rotateKeyRing(newKeyRing(), NOW);

    expect(signingKeyOf({ keys: keys.slice(0, 1) }, 0)).toBe(keys[0]);
    expect(
      signingKeyOf({ keys: [...keys.slice(0, 1), ...rotateKeyRing(newKeyRing(), NOW + 1).keys.slice(0, 1)] }, 0),
    ).not.toBe(keys[0]);
    expect(() => signingKeyOf({ keys: [] }, 0)).toThrow('empty');
  });
});
