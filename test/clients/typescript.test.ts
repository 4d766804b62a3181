import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ApiError, Modelyard, TaskError, UnreachableError } from '#client';
import { serverSentEvents } from '#client/server-sent-events';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';
import { listenOnFreePort } from '#test/support/listen.ts';
import { blocks } from '../docs/pages.ts';

const CLIENT = fileURLToPath(new URL('../../clients/typescript', import.meta.url));
const EXAMPLES = blocks(await readFile(join(CLIENT, 'README.md'), 'utf8'), 'ts');
const PRINTED = [
  /^Processed message: /,
  /^succeeded \d+\n$/,
  /succeeded\n$/,
  /^0 \{.*\n1 \{.*\n2 \{/s,
  /^invalid-input \[/,
];

let system: EmbeddedSystem;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelyard-client-'));
  await mkdir(join(folder, 'node_modules', '@modelyard'), { recursive: true });
  await symlink(CLIENT, join(folder, 'node_modules', '@modelyard', 'client'));
  system = await EmbeddedSystem.start();
});
afterAll(async () => {
  await system?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describe('the README of the TypeScript client', () => {
  it('has five examples', () => {
    expect(EXAMPLES).toHaveLength(PRINTED.length);
  });

  it.each(EXAMPLES.map((code, i) => ({ i, code })))('has an example $i that works', async ({ i, code }) => {
    const text = code
      .replaceAll('http://localhost:8000', system.url)
      .replaceAll('new Modelyard()', `new Modelyard({ url: '${system.url}' })`);
    const file = join(folder, `example-${i}.ts`);
    await writeFile(file, text);

    const { stdout } = await promisify(execFile)(process.execPath, [file]);

    expect(stdout).toMatch(PRINTED[i] ?? /never/);
  });
});

/** A server that answers as told, in turn, and keeps what it was asked. */
async function scripted(answers: readonly { status: number; headers?: Record<string, string>; body: unknown }[]) {
  const asked: { readonly key: string | undefined; readonly at: number }[] = [];
  const server = createServer((request, response) => {
    asked.push({ key: request.headers['idempotency-key'] as string | undefined, at: performance.now() });
    const {
      status,
      headers = {},
      body,
    } = answers[Math.min(asked.length, answers.length) - 1] ?? { status: 500, body: {} };
    request.resume().once('end', () => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    });
  });
  const url = await listenOnFreePort(server);
  return { url, asked, [Symbol.dispose]: () => void server.close() };
}

const SUCCEEDED = { id: 't', state: 'succeeded', result: { value: 1 } };

describe('the TypeScript client', () => {
  it('repeats a submit with the same key, after the time that the API asks for', async () => {
    using server = await scripted([
      { status: 429, headers: { 'retry-after': '1' }, body: { detail: 'Later.' } },
      { status: 503, body: {} },
      { status: 200, body: SUCCEEDED },
    ]);

    const result = await new Modelyard({ url: server.url }).predict('m', {});

    expect(result).toEqual({ value: 1 });
    const [first, second, third] = server.asked;
    expect(new Set([first?.key, second?.key, third?.key]).size).toBe(1);
    expect(first?.key).toBeTruthy();
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(990);
  });

  it('waits until the date that a proxy asks for', async () => {
    const later = new Date(Date.now() + 2_500).toUTCString();
    using server = await scripted([
      { status: 503, headers: { 'retry-after': later }, body: {} },
      { status: 200, body: SUCCEEDED },
    ]);

    await new Modelyard({ url: server.url }).predict('m', {});

    expect(performance.timeOrigin + (server.asked[1]?.at ?? 0)).toBeGreaterThanOrEqual(Date.parse(later) - 50);
  });

  it('makes keys in pages on plain HTTP from another host, where crypto has less', async () => {
    vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) });
    onTestFinished(() => void vi.unstubAllGlobals());
    using server = await scripted([{ status: 200, body: SUCCEEDED }]);

    await new Modelyard({ url: server.url }).predict('m', {});

    expect(server.asked[0]?.key).toMatch(/^[0-9a-f]{32}$/);
  });

  it('does not repeat what the API refuses, and tells its problem', async () => {
    const problem = {
      type: '/problems/invalid-input',
      status: 422,
      detail: 'No.',
      errors: [{ pointer: '/a', message: 'b' }],
    };
    using server = await scripted([{ status: 422, body: problem }]);

    const failing = new Modelyard({ url: server.url }).predict('m', {});

    await expect(failing).rejects.toThrow(ApiError);
    await expect(failing).rejects.toMatchObject({ code: 'invalid-input', status: 422, problem });
    expect(server.asked).toHaveLength(1);
  });

  it('rejects with the task that ended without a result', async () => {
    const error = { code: 'timeout', message: 'Too slow.', retryable: true };
    using server = await scripted([{ status: 200, body: { id: 't', state: 'failed', error } }]);

    const failing = new Modelyard({ url: server.url }).predict('m', {});

    await expect(failing).rejects.toThrow(TaskError);
    await expect(failing).rejects.toMatchObject({ code: 'timeout', retryable: true, message: 'Too slow.' });
  });

  it('says that nothing answers', async () => {
    const failing = new Modelyard({ url: 'http://127.0.0.1:1', retries: 0 }).predict('m', {});

    await expect(failing).rejects.toThrow(UnreachableError);
  });

  it('stops waiting when the signal aborts', async () => {
    using server = await scripted([{ status: 202, body: { id: 't', state: 'queued' } }]);
    const reason = new Error('enough');

    const waiting = new Modelyard({ url: server.url }).wait('t', { signal: AbortSignal.abort(reason) });

    await expect(waiting).rejects.toBe(reason);
  });

  it('repeats a request whose answer breaks off', async () => {
    const whole = JSON.stringify(SUCCEEDED);
    let asked = 0;
    const server = createServer((_, response) => {
      asked += 1;
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': whole.length });
      if (asked === 1) response.write(whole.slice(0, 5), () => response.destroy());
      else response.end(whole);
    });
    const url = await listenOnFreePort(server);
    onTestFinished(() => void server.close());

    await expect(new Modelyard({ url }).predict('m', {})).resolves.toEqual({ value: 1 });
    asked = 0;
    await expect(new Modelyard({ url, retries: 0 }).predict('m', {})).rejects.toThrow(UnreachableError);
  });

  it('says that another program answers', async () => {
    const server = createServer((_, response) => {
      response.setHeader('content-type', 'text/html').end('<h1>Welcome</h1>');
    });
    const url = await listenOnFreePort(server);
    onTestFinished(() => void server.close());
    const modelyard = new Modelyard({ url });

    await expect(modelyard.predict('m', {})).rejects.toThrow(UnreachableError);
    await expect(modelyard.request('GET', '/models')).rejects.toThrow(/another program may have the port/);
  });

  it('refuses a URL without a scheme', () => {
    expect(() => new Modelyard({ url: 'localhost:8000' })).toThrow(/must begin with http/);
  });

  it('takes a stream that is silent for dead', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const frozen = new Response(new ReadableStream({}));

    const next = serverSentEvents(frozen).next();
    await vi.advanceTimersByTimeAsync(40_000);

    await expect(next).resolves.toEqual({ done: true, value: undefined });
  });
});
