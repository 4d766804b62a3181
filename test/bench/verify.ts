import { createAuthenticator } from '#api/auth/authenticator.ts';
import { createSigner, createTokenCheck } from '#api/auth/tokens.ts';
import { createKey, newKeyRing } from '#core';
import { createMemoryPlatform } from '#platform/memory.ts';

// `npm run bench:verify` measures the CPU time of finding out who calls, without the read of the store.
const ROUNDS = 3000;

const { users, clock } = createMemoryPlatform({});
const ring = newKeyRing();
const loadKeys = async () => ring;
const user = await users.create({ name: 'ann', role: 'user', passwordHash: '', createdAt: clock.now() });
if (!user) throw new Error('The name is taken.');
const { token } = await createSigner({ clock, loadKeys }).sign(user);
const { secret } = await createKey(users, clock, { userId: user.id, name: 'bench' });
const identifyToken = createTokenCheck({ users, clock, loadKeys });

/** An authenticator that has not seen the caller yet. */
const fresh = () => createAuthenticator({ users, clock, identifyToken });
const known = fresh();

for (const [name, verify] of [
  ['a token, for the first time', () => fresh()(`Bearer ${token}`)],
  ['an API key, for the first time', () => fresh()(`Bearer ${secret}`)],
  ['either, again within 25 s', () => known(`Bearer ${token}`)],
] as const) {
  // The first half warms up.
  for (let round = 0; round < ROUNDS; round++) await verify();
  const from = process.cpuUsage();
  for (let round = 0; round < ROUNDS; round++) await verify();
  const { user: own, system } = process.cpuUsage(from);
  process.stdout.write(`${name.padEnd(32)}${((own + system) / ROUNDS).toFixed(0).padStart(6)} µs\n`);
}
