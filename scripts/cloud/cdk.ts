import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runToEnd } from './child.ts';
import { ROOT } from './command.ts';
import type { Emulator } from './emulator.ts';
import { ACCOUNT, assertLoopback, type Workplace } from './workplace.ts';

const CDK = join(ROOT, 'node_modules/.bin/cdk');

/** The outputs of each stack, by stack name. */
export type Outputs = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Runs `cdk bootstrap` against the emulator. Resolves with its duration in seconds. */
export function bootstrap(emulator: Emulator, place: Workplace): Promise<number> {
  // Without the app of `cdk.json`, which would be synthesized for nothing.
  const elsewhere = { ...place, root: place.scratch };
  return timed(() => cdk(emulator, elsewhere, ['bootstrap', `aws://${ACCOUNT}/${emulator.environment.AWS_REGION}`]));
}

/** Runs `cdk synth`. Resolves with the folder of the templates, and its duration in seconds. */
export async function synthesize(
  emulator: Emulator,
  place: Workplace,
  app: string,
  environment: NodeJS.ProcessEnv,
): Promise<{ readonly assembly: string; readonly synthesized: number }> {
  const assembly = await mkdtemp(join(place.scratch, 'cdk.out-'));
  const within = { ...emulator, environment: { ...emulator.environment, ...environment } };
  const synthesized = await timed(() => cdk(within, place, ['synth', '--quiet', '--app', app, '--output', assembly]));
  return { assembly, synthesized };
}

/** Runs `cdk deploy` for all stacks of a folder of templates. */
export async function deploy(
  emulator: Emulator,
  place: Workplace,
  assembly: string,
): Promise<{ readonly outputs: Outputs; readonly seconds: number }> {
  const file = join(place.scratch, 'outputs.json');
  const options = ['--require-approval', 'never', '--concurrency', '3', '--outputs-file', file];
  const seconds = await timed(() => cdk(emulator, place, ['deploy', '--all', '--app', assembly, ...options]));
  return { outputs: JSON.parse(await readFile(file, 'utf8')) as Outputs, seconds };
}

async function cdk(
  { endpoint, environment }: Pick<Emulator, 'endpoint' | 'environment'>,
  { root, signal }: Workplace,
  args: readonly string[],
): Promise<void> {
  assertLoopback(endpoint);
  await runToEnd(process.execPath, [CDK, ...args], { cwd: root, environment, signal });
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return Math.round((performance.now() - from) / 100) / 10;
}
