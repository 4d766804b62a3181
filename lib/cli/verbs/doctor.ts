import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AddVerb } from '../program.ts';
import { sessionOf } from '../session.ts';

interface Finding {
  readonly what: string;
  readonly state: 'ok' | 'missing';
  readonly detail: string;
  /** Whether `npm start` needs it. */
  readonly required: boolean;
}

/** `doctor`: checks this machine, and says how to fix what is missing. Fails if `npm start` cannot run. */
export const addDoctor: AddVerb = (program, io) => {
  program.command('doctor').action(async (_, command) => {
    const { output, url } = await sessionOf(command, io);
    const { AMQP_URL, REDIS_URL } = io.environment;
    const findings = await Promise.all([
      node(),
      tool('Python', 'python3', ['--version'], 'Install Python 3.10 or later for models in Python.'),
      tool('Docker', 'docker', ['version', '--format', '{{.Server.Version}}'], 'Install or start Docker for compose.'),
      port(url),
      api(url),
      broker('RabbitMQ', 'AMQP_URL', AMQP_URL, 5672),
      broker('Redis', 'REDIS_URL', REDIS_URL, 6379),
      aws(io.environment),
    ]);
    output.show(findings, () =>
      output.table(
        ['check', 'state', 'detail'],
        findings.map(({ what, state, detail, required }) => [
          what,
          state === 'ok' || required ? state : 'missing, optional',
          detail,
        ]),
      ),
    );
    const lacking = findings.filter(({ state, required }) => required && state === 'missing');
    if (lacking.length > 0) {
      throw new Error(`\`npm start\` cannot run here: see ${lacking.map(({ what }) => what).join(' and ')}.`);
    }
  });
};

const REQUIRED: ReadonlySet<string> = new Set(['Node', 'Port']);
const finding = (what: string, state: Finding['state'], detail: string): Finding => ({
  ...{ what, state, detail },
  required: REQUIRED.has(what),
});
const ok = (what: string, detail: string): Finding => finding(what, 'ok', detail);
const lacks = (what: string, detail: string): Finding => finding(what, 'missing', detail);

const node = async (): Promise<Finding> =>
  Number(process.versions.node.split('.')[0]) >= 24
    ? ok('Node', process.versions.node)
    : lacks('Node', `${process.versions.node} is too old: run \`npm ci\`, and start this by npx.`);

async function tool(what: string, program: string, args: readonly string[], advice: string): Promise<Finding> {
  try {
    const { stdout } = await promisify(execFile)(program, args, { timeout: 5_000 });
    return ok(what, stdout.trim());
  } catch {
    return lacks(what, advice);
  }
}

async function api(url: string): Promise<Finding> {
  try {
    const answer = await fetch(new URL('readyz', `${url.replace(/\/?$/, '/')}`), {
      signal: AbortSignal.timeout(3_000),
    });
    return answer.ok
      ? ok('API', url)
      : lacks('API', `${url} answers ${answer.status}: another program may have the port.`);
  } catch {
    return lacks('API', `Nothing answers at ${url}. Run \`modelyard start\`, or name another by --url.`);
  }
}

/** Whether `npm start` gets its port: it is free, or the API has it. */
async function port(url: string): Promise<Finding> {
  const { hostname, port: given, protocol } = new URL(url);
  const number = Number(given || (protocol === 'https:' ? 443 : 80));
  if (!['localhost', '127.0.0.1'].includes(hostname)) return ok('Port', `${hostname} is another machine`);
  if (!(await accepts(hostname, number))) return ok('Port', `${number} is free for \`modelyard start\``);
  const isOurs = (await api(url)).state === 'ok';
  return isOurs
    ? ok('Port', `${number} belongs to the API`)
    : lacks('Port', `Another program has ${number}: choose one by \`modelyard start -- --port 8001\`.`);
}

async function accepts(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port, timeout: 3_000 });
  const isOpen = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    for (const event of ['error', 'timeout']) socket.once(event, () => resolve(false));
  });
  socket.destroy();
  return isOpen;
}

async function broker(what: string, variable: string, url: string | undefined, port: number): Promise<Finding> {
  if (url === undefined) return lacks(what, `Set ${variable} for the platform rabbit-redis; npm start needs none.`);
  if (!URL.canParse(url)) return lacks(what, `${variable} is not a URL: ${url}`);
  const { hostname, port: given } = new URL(url);
  const isOpen = await accepts(hostname, Number(given || port));
  return isOpen ? ok(what, hostname) : lacks(what, `${hostname} does not accept connections: check ${variable}.`);
}

/** The identity as the AWS command line tells it; without that, where credentials come from. */
async function aws(environment: NodeJS.ProcessEnv): Promise<Finding> {
  const { AWS_PROFILE, AWS_ACCESS_KEY_ID, HOME = homedir() } = environment;
  const identity = await tool('AWS', 'aws', ['sts', 'get-caller-identity', '--query', 'Arn', '--output', 'text'], '');
  if (identity.state === 'ok') return identity;
  if (AWS_ACCESS_KEY_ID !== undefined) return ok('AWS', 'credentials in the environment');
  const hasFile = existsSync(join(HOME, '.aws', 'config')) || existsSync(join(HOME, '.aws', 'credentials'));
  if (hasFile) return ok('AWS', `profile ${AWS_PROFILE ?? 'default'}`);
  return lacks('AWS', 'Log in by `aws sso login` or `aws configure` before you deploy.');
}
