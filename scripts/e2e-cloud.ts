import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { discoverModels } from '#local/discover-models.ts';
import { deploy } from './cloud/deploy.ts';
import { startEmulator } from './cloud/emulator.ts';
import { startInstances } from './cloud/instances.ts';
import { assertLoopback } from './cloud/loopback.ts';

// `npm run e2e:cloud`: deploys to an AWS emulator of its own, predicts over its API Gateway, tears down.
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const { AWS_ENDPOINT_URL: wanted } = process.env;
if (wanted !== undefined) assertLoopback(wanted);

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const { models } = await discoverModels([`${ROOT}/model-containers/models`]);

await using cleanup = new AsyncDisposableStack();
const emulator = cleanup.use(await startEmulator(ROOT));
say(`The emulator answers at ${emulator.endpoint}.`);

const deployment = await deploy(emulator, ROOT);
const { bootstrap, deploy: seconds } = deployment.seconds;
say(`Bootstrapped in ${bootstrap} s, deployed in ${seconds} s: ${deployment.url}`);

const names = models.map(({ manifest }) => manifest.name);
for (const child of await startInstances(emulator, deployment, names, ROOT)) cleanup.use(child);
say(`Ready: ${names.join(', ')}.`);

// The emulator keeps everything in its memory, so stopping it is the teardown: its `cdk destroy` leaves half behind.
const suite = spawn(process.execPath, ['node_modules/.bin/vitest', 'run', '--config', 'vitest.cloud.config.ts'], {
  cwd: ROOT,
  stdio: 'inherit',
  env: { ...process.env, MODELYARD_E2E_URL: deployment.url, MODELYARD_E2E_ENDPOINT: emulator.endpoint },
});
const [code] = await once(suite, 'exit');
process.exitCode = code === 0 ? 0 : 1;
