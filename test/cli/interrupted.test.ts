import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ENTRY } from '#test/support/cli.ts';
import { listenOnFreePort } from '#test/support/listen.ts';
import { NODE_ENVIRONMENT } from '#test/support/node-environment.ts';

const ID = '01a1fc9e-9598-779d-b255-88a702ba3943';
const TASK = { id: ID, model: 'model_b', state: 'running', error: null, result: null };
const LINE = { at: '2026-11-21T12:00:00.000Z', instance: 'i-1', level: 'info', message: 'Ready.', fields: {} };

/** An API on which a task runs for ever, and whose list of users is busy for an hour. */
const server = createServer(({ url = '' }, response) => {
  const answer = (status: number, body: unknown, headers = {}) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  if (url.endsWith('/events')) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`id: 1\nevent: state\ndata: ${JSON.stringify(TASK)}\n\n`);
  } else if (url.endsWith('/tasks')) answer(202, TASK);
  else if (url.startsWith('/models/')) answer(200, { lines: [LINE] });
  else if (url.startsWith('/models')) answer(200, { models: [{ name: 'model_b' }] });
  else answer(503, { detail: 'It starts.' }, { 'retry-after': '3600' });
});
let url: string;
let folder: string;
beforeAll(async () => {
  url = await listenOnFreePort(server);
  folder = mkdtempSync(join(tmpdir(), 'modelyard-interrupted-'));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a verb in a pseudo-terminal, and types Ctrl-C after it has printed this. */
async function interrupted(
  args: string,
  after: RegExp,
): Promise<{ readonly code: number | null; readonly out: string }> {
  const command = `'${process.execPath}' '${ENTRY}' ${args}`;
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: { ...NODE_ENVIRONMENT, HOME: folder, MODELYARD_URL: url, TERM: 'xterm-256color' },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let out = '';
  let isTyped = false;
  child.stdout.on('data', (text) => {
    out += text;
    if (isTyped || !after.test(out)) return;
    isTyped = true;
    child.stdin.write('\u0003');
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out: out.replaceAll('\r', '') };
}

describe('Ctrl-C in a terminal', { timeout: 120_000 }, () => {
  it.each([
    ['logs model_b --follow', /Ready\./, /Ready\..*\^C$/s],
    ['predict model_b "{}" --watch', /running/, `Stopped. The task goes on: \`modelyard tasks watch ${ID}\`.\n`],
    [`tasks watch ${ID}`, /running/, `Stopped. The task goes on: \`modelyard tasks watch ${ID}\`.\n`],
    ['load model_b --rate 5 --seconds 60', /2 of 300 sent/, /SENT.*Stopped\. These are the answers until then\.\n$/s],
    ['login --username ann', /Password: /, 'Password: \nStopped.\n'],
    ['init', /Name of the model.*: /, '\nStopped.\n'],
    ['users', /asks to wait/, /^.*The API answered 503 and asks to wait 3600 s\.\n\^C$/],
  ])('ends %s with 130', async (args, after, says) => {
    const { code, out } = await interrupted(args, after);

    expect(out).toEqual(typeof says === 'string' ? expect.stringContaining(says) : expect.stringMatching(says));
    expect(code).toBe(130);
  });
});
