import { once } from 'node:events';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ACCOUNT } from './account.ts';
import { Child } from './child.ts';
import { assertLoopback } from './loopback.ts';
import { pythonTool } from './python-tools.ts';
import type { Workplace } from './workplace.ts';

/** An AWS of our own on this machine; everything that it holds is in its memory. */
export interface Emulator extends AsyncDisposable {
  readonly endpoint: string;
  /** What every AWS client finds it by, and nothing of the user's own settings. */
  readonly environment: NodeJS.ProcessEnv;
  /** What it said last, when it has ended by itself. */
  lastWords(): string | undefined;
}

const HOST = '127.0.0.1';
const READY_WITHIN_MS = 30_000;

/** Starts MiniStack on a free port of the loopback. Rejects when it does not answer, or somebody else does. */
export async function startEmulator({ root, scratch, signal }: Workplace): Promise<Emulator> {
  const program = await pythonTool('ministack');
  const port = await freePort();
  const endpoint = `http://${HOST}:${port}`;
  assertLoopback(endpoint);
  // It leaves a folder for every Lambda that it ran.
  const environment = { ...clientEnvironment(endpoint), TMPDIR: scratch };
  const child = new Child(program, [], {
    cwd: root,
    signal,
    // It is told where to listen, since it would take every interface, and runs Lambdas on the Node of its path: this one.
    // A container engine that happens to run here is left alone: instances are processes.
    environment: {
      ...environment,
      DOCKER_HOST: 'unix:///nonexistent',
      BIND_HOST: HOST,
      MINISTACK_HOST: HOST,
      GATEWAY_PORT: String(port),
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
    environment,
    lastWords: () => (child.isOver ? child.said.slice(-2000) : undefined),
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

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, HOST);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('There is no free port.');
  return address.port;
}

async function untilItAnswers(endpoint: string, child: Child): Promise<void> {
  const until = Date.now() + READY_WITHIN_MS;
  while (Date.now() < until && !child.isOver) {
    const health = await fetch(`${endpoint}/_ministack/health`).catch(() => undefined);
    if (health?.ok && child.said.includes(`Running on ${endpoint}`)) return assertItIsOurs(endpoint);
    await sleep(100);
  }
  throw new Error(`The emulator did not come up:\n${child.said}`);
}

/** Before anything is written: who answers must say that it is an account that no real one can be. */
async function assertItIsOurs(endpoint: string): Promise<void> {
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-www-form-urlencoded',
      Authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body: 'Action=GetCallerIdentity&Version=2011-06-15',
  });
  const said = await answer.text();
  if (!said.includes(`<Account>${ACCOUNT}</Account>`)) throw new Error(`Another than the emulator answers: ${said}`);
}
