import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ENTRY, modelyard as inPipe, run } from '#test/support/cli.ts';
import { listenOnFreePort } from '#test/support/listen.ts';
import { NODE_ENVIRONMENT } from '#test/support/node-environment.ts';

/** An API that answers each path in its own way. The command line is tried against it, not the API. */
const LOGS = Array.from({ length: 1000 }, (_, at) => ({
  ...{ at: `2026-11-21T12:00:00.${String(at).padStart(3, '0')}Z`, instance: 'i-1', level: 'info', fields: {} },
  message: 'A line that is as long as lines usually are, so that a pipe fills.',
}));
const SCHEMA = {
  $ref: '#/$defs/churn.Message',
  $defs: { 'churn.Message': { type: 'object', properties: { age: { type: 'number' } } } },
};
const ANSWERS: Readonly<Record<string, readonly [number, unknown]>> = {
  '/users/me': [401, { type: '/problems/unauthenticated', status: 401, detail: 'Nobody is logged in.' }],
  '/users': [403, { type: '/problems/forbidden', status: 403, detail: 'This needs the role admin.' }],
  '/tasks': [429, { type: '/problems/too-many-requests', status: 429, detail: 'Too many requests.' }],
  '/models/model_a/logs': [200, { lines: LOGS }],
  '/models': [200, { models: [{ name: 'model_a', state: 'failing', failure: { reason: 'It has no memory left.' } }] }],
  '/versioned/models': [
    200,
    {
      models: [
        { name: 'churn@2', request_message: 'churn.Request' },
        { name: 'unstarted', request_message: null },
      ],
    },
  ],
  '/versioned/models/churn%402': [200, { schemas: { request: SCHEMA, response: SCHEMA } }],
};
const server = createServer((request, response) => {
  const [status, body] = ANSWERS[request.url?.split('?')[0] ?? ''] ?? [404, { detail: 'There is no such route.' }];
  response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '0' });
  response.end(JSON.stringify(body));
});
let url: string;
let folder: string;
beforeAll(async () => {
  url = await listenOnFreePort(server);
  folder = mkdtempSync(join(tmpdir(), 'modelyard-wrong-'));
  writeFileSync(join(folder, 'broken.json'), '{"data": ');
  writeFileSync(join(folder, 'one.ndjson'), '{"data": "1"}\n');
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const environment = () => ({ HOME: folder, MODELYARD_URL: url, TERM: 'xterm-256color' });
const modelyard = (line: string, more: Readonly<Record<string, string>> = {}) =>
  inPipe(line.replaceAll('FOLDER', folder).split(' '), { environment: { ...environment(), ...more } });

describe('npx modelyard, called wrongly', { timeout: 60_000 }, () => {
  it.each([
    ['models --url nonsense', /^The URL of the API must be one such as http:\/\/localhost:8000, not nonsense\.\n$/],
    ['models --url localhost:8000', /must be one such as http/],
    ['models --profile nobody', /^There is no profile nobody; `modelyard login --profile nobody` makes it\.\n$/],
    ['predict model_a {"data":', /^The request is not JSON: .*\.\n$/],
    ['load model_a {"data":', /^The request is not JSON: .*\.\n$/],
    ['load model_a --rate fast', /'--rate <number>' argument 'fast' is invalid\. It must be a number above 0\./],
    ['batch model_a FOLDER/one.ndjson --size 0', /It must be a whole number from 1 to 1000\./],
    ['tasks --limit many', /It must be a whole number from 1 to 100\./],
    ['logs model_a --lines 0', /It must be a whole number from 1 to 1000\./],
    ['calls --limit 101', /It must be a whole number from 1 to 100\./],
    ['keys create mine --days soon', /It must be a whole number from 1 to 3650\./],
    ['users change ann --limit burst', /^--limit takes a name and a number such as burst=50, not burst\.\n$/],
    ['tasks show', /missing required argument 'task'/],
    ['tasks show one two', /too many arguments/],
    ['completion tcsh', /'tcsh' is invalid for argument 'shell'\. Allowed choices are bash, zsh, fish\./],
    ['cost --predictions none', /^--predictions must be a whole number above 0, not "none"\.\n$/],
    ['models --colour', /unknown option '--colour'/],
  ])('%s: says so in one sentence and exits with 2', async (line, says) => {
    const { code, out, err } = await modelyard(line);

    expect(err).toMatch(says);
    expect(err).not.toMatch(/^ {4}at /m);
    expect([code, out]).toEqual([2, '']);
  });

  it.each([
    ['predict model_a @FOLDER/broken.json', /broken\.json is not JSON: .*\n$/, 1],
    ['predict model_a @FOLDER/missing.json', /^There is no file .*missing\.json\.\n$/, 1],
    ['predict model_a @FOLDER', /^It is a folder, not a file\.\n$/, 1],
    ['batch model_a FOLDER/missing.ndjson', /^There is no file .*missing\.ndjson\.\n$/, 1],
    ['batch model_a FOLDER', /is a folder, not a file\.\n$/, 1],
    ['pipelines define nightly FOLDER/broken.json', /broken\.json is not JSON: .*\n$/, 1],
    ['batch model_b FOLDER/one.ndjson', /^There is no such route\.\n$/, 3],
    ['batch model_b FOLDER/one.ndjson --url http://127.0.0.1:9', /^http:\/\/127\.0\.0\.1:9 does not answer\./, 4],
    ['load nowhere --rate 5 --seconds 0.4', /^No request succeeded\.\n$/, 1],
    ['whoami', /^Nobody is logged in\. Log in by `modelyard login`\.\n$/, 3],
    ['users', /^This needs the role admin\.\n$/, 3],
    ['tasks', /^Too many requests\.\n$/, 3],
    ['models nowhere', /^There is no such route\.\n$/, 3],
    ['models --url http://127.0.0.1:9', /^http:\/\/127\.0\.0\.1:9 does not answer\. Start it by/, 4],
  ])('%s: says why in one sentence', async (line, says, exit) => {
    const { code, err } = await modelyard(line);

    expect(err).toMatch(says);
    expect(err).not.toMatch(/^ {4}at /m);
    expect(code).toBe(exit);
  });

  it('keeps a batch whose calls are refused, so that it resumes', async () => {
    const file = join(folder, 'kept.ndjson');
    writeFileSync(file, '{"data": "1"}\n{"data": "2"}\n');

    expect(await modelyard(`batch model_b ${file}`)).toMatchObject({ code: 3, out: '' });

    expect(readFileSync(`${file}.out`, 'utf8')).toBe('');
    expect(JSON.parse(readFileSync(`${file}.out.run`, 'utf8'))).toMatchObject({ key: expect.any(String) });
  });

  it('finds that the URL of a broker is none', async () => {
    const { out } = await modelyard('doctor', { AMQP_URL: 'nonsense' });

    expect(out).toMatch(/RabbitMQ +missing, optional +AMQP_URL is not a URL: nonsense/);
  });

  it('finds that another program has the port, which npm start needs', async () => {
    const { code, out, err } = await modelyard('doctor');

    expect(out).toMatch(/Port +missing +Another program has \d+: choose one/);
    expect(err).toBe('`npm start` cannot run here: see Port.\n');
    expect(code).toBe(1);
  });

  it('writes types of versions of a contract, and leaves out models that have never started', async () => {
    const { code, out } = await modelyard('types', { MODELYARD_URL: `${url}/versioned` });

    expect(out).toMatch(/^ {2}"churn@2": \{\n {4}request: \{\n {6}readonly "age"\?: number;/m);
    expect(out).not.toContain('unstarted');
    expect(code).toBe(0);
  });

  it('does not mind a reader that has read enough', async () => {
    const line = `'${process.execPath}' '${ENTRY}' logs model_a --lines 1000 | head -n 1; echo "codes $\{PIPESTATUS[*]}"`;
    const { out, err } = await run('bash', ['-c', line], { environment: environment() });

    expect(out).toMatch(/^2026-.*\ncodes 0 0\n$/);
    expect(err).toBe('');
  });

  it('paints nothing for who sets NO_COLOR, and fits a narrow terminal', async () => {
    const shown = (program: string, more = {}) =>
      run('script', ['-qec', `${program}'${process.execPath}' '${ENTRY}' models`, '/dev/null'], {
        environment: { ...environment(), ...more },
      });
    const [plain, painted, narrow] = await Promise.all([
      shown('', { NO_COLOR: '1' }),
      shown('', { NO_COLOR: '' }),
      shown('stty cols 40; ', { NO_COLOR: '1' }),
    ]);

    expect(plain.out).not.toContain('\u001b');
    expect(painted.out).toContain('\u001b[31mfailing');
    expect(narrow.out.replaceAll('\r', '')).toMatch(/^MODEL {6}model_a\nSTATE {6}failing\n/);
    for (const line of narrow.out.split('\r\n')) expect(line.length).toBeLessThanOrEqual(40);
  });
});

describe('a batch that is stopped by Ctrl-C', { timeout: 60_000 }, () => {
  it('says how it goes on, and keeps what that needs', async () => {
    const waiting = Promise.withResolvers<void>();
    const slow = createServer(() => waiting.resolve());
    onTestFinished(() => {
      slow.closeAllConnections();
      slow.close();
    });
    const at = await listenOnFreePort(slow);
    const file = join(folder, 'one.ndjson');
    const child = spawn(process.execPath, [ENTRY, 'batch', 'model_a', file, '--url', at], {
      env: { ...NODE_ENVIRONMENT, ...environment() },
    });
    let err = '';
    child.stderr.on('data', (text) => {
      err += text;
    });
    await waiting.promise;

    child.kill('SIGINT');
    const [code] = await once(child, 'close');

    expect([code, err]).toEqual([130, 'Stopped after 0 of 1. The same command resumes.\n']);
    expect(JSON.parse(readFileSync(`${file}.out.run`, 'utf8'))).toMatchObject({ key: expect.any(String) });
  });
});
