import { availableParallelism } from 'node:os';
import { createSigner } from '#api/auth/tokens.ts';
import { createAccounts, newKeyRing } from '#core';
import { createMemoryPlatform } from '#platform/memory.ts';

// `npm run bench:logins` measures how many logins a process decides per second, and the memory that they take.
const SECONDS = 5;
const MIB = 2 ** 20;
const PASSWORD = 'a long sentence';

const { users, clock } = createMemoryPlatform({});
const ring = newKeyRing();
const accounts = createAccounts({
  ...{ users, clock, registration: 'open', signer: createSigner({ clock, loadKeys: async () => ring }) },
  // Attempts are not what is measured.
  brake: { enter: async () => ({ succeeded: () => undefined }) },
});
await accounts.register({ name: 'ann', password: PASSWORD });

const say = (text: string): void => void process.stdout.write(`${text}\n`);
say(`${availableParallelism()} cores, ${SECONDS} s each; memory beside that of the idle process`);
for (const atOnce of [1, 4, 16]) {
  const idle = process.memoryUsage.rss();
  let peak = idle;
  let done = 0;
  const from = performance.now();
  const cpu = process.cpuUsage();
  const until = from + SECONDS * 1000;
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 5);
  const logIn = async () => {
    while (performance.now() < until) {
      await accounts.login({ name: 'ann', password: PASSWORD, address: 'here' });
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, logIn));
  clearInterval(watch);
  const { user, system } = process.cpuUsage(cpu);
  const rate = (1000 * done) / (performance.now() - from);
  const each = (user + system) / 1000 / done;
  const memory = (peak - idle) / MIB;
  say(
    `${String(atOnce).padStart(3)} at once  ${rate.toFixed(1).padStart(6)} logins/s  ${each.toFixed(0).padStart(4)} ms of CPU each  ${memory.toFixed(0).padStart(4)} MiB`,
  );
}
