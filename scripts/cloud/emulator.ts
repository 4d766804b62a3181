import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from './child.ts';
import { freePort } from './free-port.ts';
import { pythonTool } from './python-tools.ts';
import { ACCOUNT, assertLoopback, type Workplace } from './workplace.ts';

/** An AWS emulator on this machine. It keeps everything in memory. */
export interface Emulator extends AsyncDisposable {
  readonly endpoint: string;
  /** Environment of AWS clients: the endpoint and test credentials, without the user's own settings. */
  readonly environment: NodeJS.ProcessEnv;
  /** The calls that were refused by a policy, oldest first. */
  denials(): readonly string[];
  /** The end of its output, if it has ended unexpectedly. */
  exitOutput(): string | undefined;
}

const HOST = '127.0.0.1';
const READY_WITHIN_MS = 30_000;

/** Starts MiniStack on a free loopback port. Rejects when it does not answer, or when another program does. */
export async function startEmulator({ root, scratch, signal }: Workplace): Promise<Emulator> {
  const python = join(dirname(await pythonTool('ministack')), 'python');
  const port = await freePort(HOST);
  const endpoint = `http://${HOST}:${port}`;
  assertLoopback(endpoint);
  // MiniStack leaves a folder per Lambda in TMPDIR.
  const environment = { ...clientEnvironment(endpoint), TMPDIR: scratch };
  // Dozens of programs of this repository start. Each Lambda has a folder of its own, so nothing is found for it.
  const clients = { ...environment, NODE_COMPILE_CACHE: join(scratch, 'compiled') };
  const child = new Child(python, [join(root, 'scripts/cloud/emulator.py')], {
    cwd: root,
    signal,
    // MiniStack listens on all interfaces by default, and runs Lambdas on the first Node of PATH. An unreachable
    // DOCKER_HOST prevents that it starts containers.
    environment: {
      ...environment,
      DOCKER_HOST: 'unix:///nonexistent',
      BIND_HOST: HOST,
      MINISTACK_HOST: HOST,
      GATEWAY_PORT: String(port),
      // Every call is checked against the policies of its caller. The key `test` is the root of the account.
      AUTH: 'true',
    },
  });
  try {
    await untilItAnswers(endpoint, child);
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
  return {
    endpoint,
    environment: clients,
    denials: () => child.output.split('\n').filter((line) => line.startsWith('Denied: ')),
    exitOutput: () => (child.hasEnded ? child.output.slice(-2000) : undefined),
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

function clientEnvironment(endpoint: string): NodeJS.ProcessEnv {
  return {
    PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
    HOME: process.env.HOME,
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    CDK_DISABLE_CLI_TELEMETRY: 'true',
  };
}

async function untilItAnswers(endpoint: string, child: Child): Promise<void> {
  const until = Date.now() + READY_WITHIN_MS;
  while (Date.now() < until && !child.hasEnded) {
    const health = await fetch(`${endpoint}/_ministack/health`).catch(() => undefined);
    if (health?.ok && child.output.includes(`Running on ${endpoint}`)) return assertItIsOurs(endpoint);
    await sleep(100);
  }
  throw new Error(`The emulator did not start:\n${child.output}`);
}

/** Checks the account id before the first write: no real account has it. */
async function assertItIsOurs(endpoint: string): Promise<void> {
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-www-form-urlencoded',
      Authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body: 'Action=GetCallerIdentity&Version=2011-06-15',
  });
  const text = await answer.text();
  if (!text.includes(`<Account>${ACCOUNT}</Account>`))
    throw new Error(`Another program than the emulator answers: ${text}`);
}
