import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { discoverModels } from '#catalog/discover-models.ts';
import { awsEnvironment } from '#platform/aws.ts';
import { bootstrap, deploy, synthesize } from './cloud/cdk.ts';
import { runToEnd } from './cloud/child.ts';
import { ROOT, say, untilStopped } from './cloud/command.ts';
import { deployedStage } from './cloud/deployed-stage.ts';
import { type Emulator, startEmulator } from './cloud/emulator.ts';
import { startInstances } from './cloud/instances.ts';
import { startDatabases, startLifecycleInstances } from './cloud/lifecycle.ts';
import { cloudSuites } from './cloud/suites.ts';
import { assertLoopback, type Workplace } from './cloud/workplace.ts';
import { LACKS } from './smoke/steps.ts';

// `npm run e2e:cloud` deploys to an AWS emulator, predicts through its API Gateway and removes everything.
const { AWS_ENDPOINT_URL: wanted } = process.env;
if (wanted !== undefined) assertLoopback(wanted);

const signal = untilStopped();

/** Resolves with whether the tests passed. Ending the emulator removes everything; its `cdk destroy` is incomplete. */
async function run(): Promise<boolean> {
  await using cleanup = new AsyncDisposableStack();
  const scratch = await mkdtemp(join(tmpdir(), 'modelyard-cloud-'));
  cleanup.defer(() => rm(scratch, { recursive: true, force: true, maxRetries: 5 }));
  const place: Workplace = { root: ROOT, scratch, signal };
  const emulator = cleanup.use(await startEmulator(place));
  say(`The emulator answers at ${emulator.endpoint}.`);

  const [bootstrapped, { databases, assembly, synthesized }] = await Promise.all([
    bootstrap(emulator, place),
    startDatabases(place).then(async (started) => {
      const databases = cleanup.use(started);
      const variables = {
        MODELYARD_E2E_ENDPOINT: emulator.endpoint,
        ...(databases.urls ? { MODELYARD_E2E_DATABASES: JSON.stringify(databases.urls) } : {}),
      };
      return { databases, ...(await synthesize(emulator, place, 'node test/cloud/app.ts', variables)) };
    }),
  ]);
  const { outputs, seconds } = await deploy(emulator, place, assembly);
  const local = await deployedStage(emulator.endpoint, outputs, 'modelyard-local');
  const guarded = await deployedStage(emulator.endpoint, outputs, 'modelyard-guarded');
  const thrifty = await deployedStage(emulator.endpoint, outputs, 'modelyard-thrifty');
  say(
    `Bootstrapped in ${bootstrapped} s, synthesized in ${synthesized} s, and deployed in ${seconds} s: ${local.url};`,
  );
  say(`with logins: ${guarded.url}; and without a gateway: ${thrifty.submitUrl}`);

  const { models } = await discoverModels([`${ROOT}/model-containers/models`]);
  const names = models.map(({ manifest }) => manifest.name);
  const start = async (stage: typeof local, of: readonly string[]) => {
    for (const child of await startInstances(emulator, stage, of, place)) cleanup.use(child);
  };
  const [key] = await Promise.all([
    keyOfAdministrator(emulator, place),
    start(guarded, names),
    ...[local, thrifty].map((other) => start(other, ['model_a'])),
  ]);
  say(`Ready: ${names.join(', ')}.`);

  const environment = {
    ...{ ...process.env, ...emulator.environment },
    MODELYARD_E2E_URL: guarded.url,
    MODELYARD_E2E_KEY: key,
    MODELYARD_E2E_ENDPOINT: emulator.endpoint,
    MODELYARD_E2E_LOCAL_URL: local.url,
    MODELYARD_E2E_THRIFTY_URL: thrifty.url,
    MODELYARD_E2E_SUBMIT_URL: thrifty.submitUrl,
    MODELYARD_E2E_THRIFTY_PLATFORM: JSON.stringify(awsEnvironment(thrifty.settings)),
  };
  const suites = cloudSuites(ROOT);
  const test = (suite: readonly string[]) =>
    showAtEnd(['node_modules/.bin/vitest', 'run', '--config', 'vitest.cloud.config.ts', ...suite], environment);
  const passed = await Promise.all([
    test(suites.administrator).then(async (before) => (await runLifecycle()) && before),
    test(suites.users),
    test(suites.thrifty).then(async (before) => (await runSmoke()) && before),
  ]);
  const denials = [...new Set(emulator.denials())];
  for (const denial of denials) say(denial);
  const exitOutput = emulator.exitOutput();
  if (exitOutput !== undefined) say(`The emulator ended unexpectedly:\n${exitOutput}`);
  return passed.every(Boolean) && denials.length === 0;

  /** What runs on a real account, on the stage with a model that sleeps. It says what this place does not show. */
  async function runSmoke(): Promise<boolean> {
    const lacks = LACKS.flatMap((lack) => ['--lacks', lack]);
    const smoke = ['scripts/smoke.ts', '--stage', 'thrifty', '--url', thrifty.url, ...lacks];
    return showAtEnd(smoke, emulator.environment);
  }

  async function runLifecycle(): Promise<boolean> {
    const { urls } = databases;
    if (!urls) return true;
    const instances = await startLifecycleInstances(emulator, guarded, { stage: 'guarded', urls }, place);
    for (const child of instances) cleanup.use(child);
    return test(suites.lifecycle);
  }
}

/** Runs a program, and prints what it says in one piece. Resolves with whether it succeeded. */
async function showAtEnd(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<boolean> {
  try {
    say(await runToEnd(process.execPath, args, { cwd: ROOT, environment, signal }));
    return true;
  } catch (error) {
    // Recovery: the other tests go on, and the run fails at its end.
    say(error instanceof Error ? error.message : String(error));
    return false;
  }
}

/** Adds the first administrator of the guarded stage by the command that its stack prints, and an API key. */
async function keyOfAdministrator({ environment }: Emulator, { root: cwd, signal }: Workplace): Promise<string> {
  const run = (...args: string[]) =>
    runToEnd(process.execPath, ['bin/users.ts', ...args, '--stage', 'guarded'], { cwd, environment, signal });
  await run('add', 'admin', '--role', 'admin');
  return (await run('key', 'admin')).trim().split('\n').at(-1) ?? '';
}

const started = performance.now();
try {
  process.exitCode = (await run()) ? 0 : 1;
  say(`The run took ${Math.round((performance.now() - started) / 1000)} s.`);
} catch (error) {
  // Recovery: a stopped run has been cleaned up and is not a failure of the tests.
  if (!signal.aborted) throw error;
  process.stderr.write(`${String(signal.reason.message)}\n`);
  process.exitCode = 130;
}
