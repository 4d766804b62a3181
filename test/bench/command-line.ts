import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';

/*
 * `npm run bench:cli [-- --rounds 10]`: how long calls of `modelyard` take. Exits with 1 when the best start takes more
 * than 150 ms. The call of the API is printed only: it waits for the answer too.
 */
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '10' } } });
const LIMIT_MS = 150;
const ENTRY = fileURLToPath(new URL('../../bin/modelyard.ts', import.meta.url));

await using system = await EmbeddedSystem.start();

/** Milliseconds of the best of all rounds: other programs on the machine only ever add. */
async function best(args: readonly string[]): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round <= Number(values.rounds); round += 1) {
    const startedAt = performance.now();
    await promisify(execFile)(process.execPath, args);
    // The first round compiles.
    if (round > 0) times.push(performance.now() - startedAt);
  }
  return Math.min(...times);
}

const print = (name: string, ms: number): void => {
  process.stdout.write(`${name.padEnd(24)} ${ms.toFixed(0)} ms\n`);
};

print('node, without a program', await best(['--eval', '0']));
for (const option of ['--version', '--help']) {
  const ms = await best([ENTRY, option]);
  print(`modelyard ${option}`, ms);
  if (ms > LIMIT_MS) process.exitCode = 1;
}
print('modelyard models', await best([ENTRY, '--url', system.url, 'models']));
