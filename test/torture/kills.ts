import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { pseudoRandom } from '#test/support/pseudo-random.ts';
import { killSystems } from './kills/kill-systems.ts';

/**
 * Kills `npm start` with SIGKILL at random moments, every process at once or one of them, and starts it again on the
 * same data folder: npm run torture:kills -- [--kills 200] [--seed n]. Exits with 1 when an accepted task is lost.
 */
const { values } = parseArgs({ options: { kills: { type: 'string', default: '200' }, seed: { type: 'string' } } });
const seed = Number(values.seed ?? randomInt(1_000_000));
process.stdout.write(`seed ${seed}\n`);
const { accepted, faults } = await killSystems({
  kills: Number(values.kills),
  random: pseudoRandom(seed),
  onKill: (kill, count) => process.stdout.write(`kill ${kill}: ${count} tasks accepted\n`),
});
process.stdout.write(`${values.kills} kills, ${accepted} tasks accepted, ${faults.length} faults\n`);
for (const fault of faults) process.stdout.write(`${fault}\n`);
process.exit(faults.length === 0 ? 0 : 1);
