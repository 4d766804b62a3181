import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { newKeyRing, rotateKeyRing, signingKeyOf } from '../../../lib/core/users/signing-keys.ts';

const NOW = 1_000_000_000;

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

  it('drops the oldest key when it is rotated again', () => {
    const second = rotateKeyRing(newKeyRing(), NOW);

    const third = rotateKeyRing(second, NOW + 120_000);

    expect(third.keys).toHaveLength(2);
    expect(third.keys[1]).toBe(second.keys[0]);
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
