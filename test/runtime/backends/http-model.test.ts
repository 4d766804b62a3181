import { execFileSync, spawn } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { backendOf } from '#runtime/backends/backend-of.ts';
import type { ModelProcess, RunAnswer, RunReport } from '#runtime/backends/model-backend.ts';
import { SpellRequest, SpellResponse } from '#test/fixtures/proto/gen/models/spell_cog.ts';
import { TallyRequest, TallyResponse } from '#test/fixtures/proto/gen/models/tally_json.ts';
import { freePort } from '#test/support/server-process.ts';

const CONTAINERS = join(import.meta.dirname, '../../fixtures/containers');
const { signal } = new AbortController();

async function launchReady(protocol: string, containerUrl?: string, model = 'tally'): Promise<ModelProcess> {
  const surroundings = { python: '', containerUrl, environment: process.env };
  const launched = (await backendOf(join(CONTAINERS, `${model}_${protocol}`), surroundings)).launch();
  await launched.setUp(undefined, signal);
  return launched;
}

/** All of these contracts have the same fields. */
const tally = (action: string, values: readonly number[] = []) => ({
  taskId: 'task-1',
  requestId: 'request-1',
  attempt: 1,
  trace: { traceparent: 'a-trace' },
  body: TallyRequest.encode({ action, values }),
});

const decoded = (answer: RunAnswer | undefined) =>
  answer && 'response' in answer ? TallyResponse.decode(answer.response) : answer;

describe.each(['json', 'protobuf', 'sagemaker', 'kserve', 'cog'])('a container that speaks %s', (protocol) => {
  let launched: ModelProcess;
  beforeAll(async () => {
    launched = await launchReady(protocol);
  });
  afterAll(() => launched.close());

  const run = async (action: string, values?: readonly number[]) =>
    decoded((await Promise.all(launched.run([tally(action, values)]).answers))[0]);

  it('answers requests once it is ready', async () => {
    expect(await run('add', [1, 2.5])).toMatchObject({ total: 3.5, note: expect.stringMatching(/^request \d+$/) });
  });

  it('gets the id of the request and its trace', async () => {
    expect(await run('trail')).toMatchObject({ note: 'request-1 a-trace' });
  });

  it('makes 4xx an error of the input, and everything else one that is retried', async () => {
    expect(await run('refuse')).toEqual({
      failure: { code: 'invalid_input', message: 'These cannot be added.', retryable: false },
    });
    expect(await run('fail')).toEqual({
      failure: { code: 'container_failed', message: expect.stringContaining('It broke.'), retryable: true },
    });
    expect(await run('hang up')).toEqual({
      failure: { code: 'container_failed', message: expect.stringMatching(/gave no answer/), retryable: true },
    });
  });

  it('does not pass on what is not the response message', async () => {
    expect(await run('nonsense')).toMatchObject({
      failure: { code: expect.stringMatching(/^(result_unserializable|model_error|container_failed)$/) },
    });
  });

  it('is told of an abort', async () => {
    const waiting = launched.run([tally('wait')]);
    await sleep(100);

    waiting.abort(0, 'timeout');

    expect(await waiting.answers[0]).toMatchObject({ failure: { message: 'The run was aborted: timeout.' } });
    const expected = protocol === 'cog' ? '/predictions/task-1/cancel' : 'closed';
    await vi.waitFor(
      async () => expect(await run('canceled')).toMatchObject({ note: expect.stringContaining(expected) }),
      { timeout: 20_000 },
    );
  });
});

const reported = ({ response, ...progress }: RunReport) =>
  response ? { part: TallyResponse.decode(response).note } : progress;

async function reportsOf(launched: ModelProcess) {
  const reports: RunReport[] = [];
  const request = { ...tally('report'), onReport: (report: RunReport) => void reports.push(report) };
  const [answer] = await Promise.all(launched.run([request]).answers);
  const [statuses, url = ''] = (decoded(answer) as TallyResponse).note.split(' ');
  return { reports: reports.map(reported), statuses, url };
}

describe.each(['json', 'protobuf', 'sagemaker', 'kserve'])('a container that reports and speaks %s', (protocol) => {
  it('has its reports passed on, and is told which are wrong', async () => {
    const launched = await launchReady(protocol);
    onTestFinished(() => launched.close());

    const { reports, statuses, url } = await reportsOf(launched);

    expect(reports).toEqual([
      { fraction: 0.25, message: 'One of four.' },
      { fraction: undefined, message: undefined, part: 'a part' },
    ]);
    expect(statuses).toBe('204,204,400,400,400,400,400,400,413');
    const late = await fetch(url, { method: 'POST', body: '{"fraction": 0.5}' });
    expect([late.status, await late.text()]).toEqual([404, 'The run has ended.']);
  });
});

describe('a Cog model that yields', () => {
  it('has its log and what it yielded passed on, once and in order', async () => {
    const launched = await launchReady('cog', undefined, 'spell');
    onTestFinished(() => launched.close());
    const reports: RunReport[] = [];
    const onReport = (report: RunReport) => void reports.push(report);

    const body = SpellRequest.encode({ text: 'abcd' });
    const [answer] = await Promise.all(launched.run([{ ...tally(''), body, onReport }]).answers);

    const letters = (bytes: Uint8Array) => SpellResponse.decode(bytes).letters;
    const parts = reports.flatMap(({ response }) => (response ? [letters(response)] : []));
    expect(parts).toEqual([['a'], ['b'], ['c'], ['d']]);
    expect(reports.flatMap(({ fraction }) => fraction ?? [])).toEqual([0.25, 0.5, 0.75, 1]);
    expect(reports.find(({ fraction }) => fraction === 0.5)?.message).toBe('50%|####   | 2/4');
    expect(answer && 'response' in answer && letters(answer.response)).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('the command of a container', () => {
  it('takes its process with it when it crashes', async () => {
    const launched = await launchReady('json');
    onTestFinished(() => launched.close());

    launched.run([tally('crash')]);

    expect(await launched.exited).toEqual({
      description: 'ended with exit code 1: The command node ended with exit code 3.',
    });
  });

  it.each(['close', 'kill'] as const)('ends with its process after %s', async (end) => {
    const launched = await launchReady('json');
    const port = lastPort();

    await launched[end]();

    await vi.waitFor(() => expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow(), { timeout: 5000 });
  });
});

/** Of the server that was started last. */
function lastPort(): string {
  const lines = execFileSync('pgrep', ['-af', 'server.ts json'], { encoding: 'utf8' }).trim().split('\n');
  return lines.at(-1)?.split(' ').at(-1) ?? '';
}

/** An address of this machine that is not loopback, as a container beside the instance has. */
const ADDRESS = Object.values(networkInterfaces())
  .flat()
  .find((each) => each?.family === 'IPv4' && !each.internal)?.address;

describe('a container that runs elsewhere', () => {
  it.skipIf(!ADDRESS)('reports to an address of the network on which it is called', async () => {
    const host = String(ADDRESS);
    const port = String(await freePort());
    const server = spawn(process.execPath, [join(CONTAINERS, 'server.ts'), 'json', port, host], { stdio: 'inherit' });
    onTestFinished(() => void server.kill());
    const launched = await launchReady('json', `http://${host}:${port}`);
    onTestFinished(() => launched.close());

    const { reports, url } = await reportsOf(launched);

    expect(new URL(url).hostname).toBe(host);
    expect(reports).toHaveLength(2);
  });

  it('is not started, and is waited for', async () => {
    const elsewhere = await launchReady('json');
    onTestFinished(() => elsewhere.close());
    const port = lastPort();

    const launched = await launchReady('json', `http://127.0.0.1:${port}`);
    onTestFinished(() => launched.close());

    const [answer] = await Promise.all(launched.run([tally('add', [2])]).answers);
    expect(decoded(answer)).toMatchObject({ total: 2 });
  });
});

describe('what went wrong in a container', () => {
  it.each([
    ['redirect', /^The container answered 302\.$/],
    ['reject', /^\{"errors":\[\{"field":"values"\}\]\}$/],
    ['mistype', /does not match its response message: \/total: /],
  ])('is told in its own words: %s', async (action, message) => {
    const launched = await launchReady('json');
    onTestFinished(() => launched.close());

    const [answer] = await Promise.all(launched.run([tally(action)]).answers);

    expect(answer).toMatchObject({ failure: { message: expect.stringMatching(message) } });
  });
});
