import { describe, expect, it } from 'vitest';
import { hashPassword, isOutdated, passwordFault, SCRYPT_COST, verifyPassword } from '#core';

/** Fast enough for many hashes. */
const CHEAP = { ln: 4, r: 8, p: 1 };

describe('a password', () => {
  it('is verified by its hash, in any Unicode form, and no other is', async () => {
    const hash = await hashPassword('Zoë goes out', CHEAP);

    expect(hash).toMatch(/^\$scrypt\$ln=4,r=8,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    expect(await verifyPassword('Zoe\u0308 goes out', hash)).toBe(true);
    expect(await verifyPassword('Zoe goes out', hash)).toBe(false);
    expect(await verifyPassword('', hash)).toBe(false);
  });

  it('has another hash each time', async () => {
    const hashes = await Promise.all([1, 2, 3].map(() => hashPassword('the same one', CHEAP)));

    expect(new Set(hashes).size).toBe(3);
  });

  it('is hashed at the cost that OWASP recommends', async () => {
    const hash = await hashPassword('the same one');

    expect(SCRYPT_COST).toEqual({ ln: 15, r: 8, p: 3 });
    expect(hash).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$/);
    expect(isOutdated(hash)).toBe(false);
    expect(isOutdated(await hashPassword('the same one', CHEAP))).toBe(true);
  });

  it.each(['', '$scrypt$', '$2b$10$abc', '$scrypt$ln=4,r=8,p=1$c2FsdA$', 'x'])(
    'never belongs to «%s»',
    async (hash) => {
      expect(await verifyPassword('', hash)).toBe(false);
      expect(await verifyPassword('x', hash)).toBe(false);
    },
  );

  it.each([
    'short',
    '123456789',
    'x'.repeat(1025),
    'password12',
    'Password123!',
    'P4ssw0rd2026',
    'passwordpassword',
    'qwertyuiop',
    '1234567890',
    '0987654321',
    'aaaaaaaaaaaa',
    'abababababab',
    'iloveyou2024',
    '1q2w3e4r5t6y',
    'ann.smith1990',
    '            ',
    'Welcome!!!!',
    // Five letters with accents as characters of their own, and a ligature that is three letters.
    'áéíóú'.normalize('NFD'),
    'ﬃaﬃb',
  ])('is refused when it is tried first: «%s»', (password) => {
    expect(passwordFault(password, 'ann.smith')).toEqual(expect.any(String));
  });

  it.each(['a long sentence', 'correct horse battery', 'ünïcödé wörds', 'Tr7$kQ!x0p', 'm1nd-the-gap-2x'])(
    'is taken otherwise: «%s»',
    (password) => {
      expect(passwordFault(password, 'ann.smith')).toBeUndefined();
    },
  );
});
