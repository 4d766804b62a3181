import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runToEnd } from './child.ts';
import type { Emulator } from './emulator.ts';
import { ACCOUNT, assertLoopback, type Workplace } from './workplace.ts';

/** The outputs of each stack, by stack name. */
export type Outputs = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Runs `cdk bootstrap` against the emulator. Resolves with its duration in seconds. */
export function bootstrap(emulator: Emulator, place: Workplace): Promise<number> {
  return timed(() => cdk(emulator, place, ['bootstrap', `aws://${ACCOUNT}/${emulator.environment.AWS_REGION}`]));
}

/** Runs `cdk deploy` with these arguments and variables against the emulator. */
export async function deploy(
  emulator: Emulator,
  place: Workplace,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<{ readonly outputs: Outputs; readonly seconds: number }> {
  const file = join(await mkdtemp(join(place.scratch, 'outputs-')), 'outputs.json');
  const seconds = await timed(() =>
    cdk({ ...emulator, environment: { ...emulator.environment, ...environment } }, place, [
      'deploy',
      '--require-approval',
      'never',
      '--outputs-file',
      file,
      ...args,
    ]),
  );
  return { outputs: JSON.parse(await readFile(file, 'utf8')) as Outputs, seconds };
}

async function cdk(
  { endpoint, environment }: Pick<Emulator, 'endpoint' | 'environment'>,
  place: Workplace,
  args: readonly string[],
): Promise<void> {
  assertLoopback(endpoint);
  const { root, scratch, signal } = place;
  const output = await mkdtemp(join(scratch, 'cdk.out-'));
  await runToEnd(process.execPath, ['node_modules/.bin/cdk', ...args, '--context', 'stage=local', '--output', output], {
    cwd: root,
    environment,
    signal,
  });
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return Math.round((performance.now() - from) / 100) / 10;
}
