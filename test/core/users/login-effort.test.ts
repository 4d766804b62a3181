import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { expect, it, onTestFinished, vi } from 'vitest';
import { MemoryUserStore } from '#adapters/memory/index.ts';
import { addUser, createAccounts } from '#core';
import { ManualClock } from '#test/support/manual-clock.ts';

/** Tells how many passwords were hashed. Mocks of modules would not reach those that another file has loaded. */
function watchHashes() {
  const scrypt = vi.spyOn(crypto, 'scrypt');
  syncBuiltinESMExports();
  onTestFinished(() => {
    scrypt.mockRestore();
    syncBuiltinESMExports();
  });
  return scrypt;
}

it('a login hashes one password, known or not, also the first one of a process', async () => {
  const hashes = watchHashes();
  const [clock, users] = [new ManualClock(), new MemoryUserStore()];
  const cost = { ln: 4, r: 8, p: 1 };
  const signer = { sign: async () => ({ token: 'a token', expiresInSeconds: 600 }) };
  await addUser(users, clock, { name: 'ann', password: 'correct horse battery', role: 'user', cost });
  await users.create({ name: 'of an issuer', role: 'user', passwordHash: '', createdAt: 1 });

  for (const name of ['ann', 'nobody', 'of an issuer']) {
    const process = createAccounts({ users, clock, signer, registration: 'open', cost });
    for (const round of ['first', 'second']) {
      hashes.mockClear();
      const login = process.login({ name, password: 'another sentence', address: 'here' });
      await expect(login, `${round} login of ${name}`).rejects.toMatchObject({ code: 'unauthenticated' });
      expect(hashes, `${round} login of ${name}`).toHaveBeenCalledTimes(1);
    }
  }
});
