import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { listenOnFreePort } from '#test/support/listen.ts';
import { freePort } from '#test/support/server-process.ts';
import { createClient } from './client.ts';
import { predict } from './predict.ts';
import { type Answering, inState, json, problem, type ScriptedApi, startScriptedApi, succeed } from './scripted-api.ts';

const never: Answering = () => undefined;
const hangUp: Answering = (response) => void response.destroy();
const running: Answering = (response) => json(response, 202, { id: 't', state: 'running' }, { 'Retry-After': '0' });

/** Answers in order; the last one repeats. */
const inTurn =
  (...answers: readonly Answering[]): Answering =>
  (response, request, index) =>
    answers[Math.min(index, answers.length - 1)]?.(response, request, index);

async function outcomeOf(api: Pick<ScriptedApi, 'url'>, patience = 60, stop = new AbortController().signal) {
  using client = createClient(api.url, { 'x-api-key': 'secret' });
  return await predict(client, { model: 'model_a', body: '{"data": "x"}', patience }, stop);
}

describe('a prediction, as its caller sees it,', () => {
  it('has succeeded when its answer says so', async () => {
    await using api = await startScriptedApi({});

    const outcome = await outcomeOf(api);

    expect(outcome).toEqual({ what: 'succeeded', askedAgain: [] });
    expect(api.requests.map(({ method, url }) => `${method} ${url}`)).toEqual(['POST /models/model_a/tasks']);
    expect(api.requests[0]?.headers).toMatchObject({ prefer: 'wait=20', 'x-api-key': 'secret' });
  });

  it('is waited for by long polls until it has ended, however long one wait may be', async () => {
    await using api = await startScriptedApi({
      submit: running,
      poll: inTurn(inState('queued'), inState('running'), inState('running'), succeed),
    });

    const outcome = await outcomeOf(api);

    expect(outcome).toEqual({ what: 'succeeded', askedAgain: [] });
    expect(api.requests.slice(1).map(({ url, headers }) => `${url} ${headers.prefer}`)).toEqual(
      Array(4).fill('/tasks/t wait=20'),
    );
  });

  it('is asked for again when it was accepted and the API is away for a while', async () => {
    await using api = await startScriptedApi({
      submit: running,
      poll: inTurn(problem(503, 'store-unavailable', 'Away.'), problem(429, 'backlog-full', 'Busy.'), hangUp, succeed),
    });

    const outcome = await outcomeOf(api);

    expect(outcome).toEqual({ what: 'succeeded', askedAgain: ['503', '429', 'connection reset'] });
  });

  it.each([
    ['503 queue-unavailable', 503, problem(503, 'queue-unavailable', 'Away.'), 'Away.'],
    ['429 backlog-full', 429, problem(429, 'backlog-full', 'Busy.'), 'Busy.'],
    ['422 invalid-input', 422, problem(422, 'invalid-input', 'Not valid.'), 'Not valid.'],
    ['502', 502, ((response) => void response.writeHead(502).end('<html>')) as Answering, undefined],
    ['200 without a task', 200, ((response) => void response.writeHead(200).end('<html>')) as Answering, undefined],
  ])('is counted as %s where it was refused so', async (what, status, submit, detail) => {
    await using api = await startScriptedApi({ submit });

    const outcome = await outcomeOf(api);

    expect(outcome).toEqual({ what, status, askedAgain: [], ...(detail === undefined ? {} : { detail }) });
  });

  it('tells what is wrong with its body', async () => {
    const errors = [{ pointer: '/value', message: 'Must be a number.' }];
    await using api = await startScriptedApi({
      submit: (response) => json(response, 422, { type: '/problems/invalid-input', detail: 'Not valid.', errors }),
    });

    const outcome = await outcomeOf(api);

    expect(outcome?.detail).toBe('Not valid. /value Must be a number.');
  });

  it('is counted by how its task ended', async () => {
    const error = { code: 'invalid_input', message: 'The text has no words.' };
    await using failing = await startScriptedApi({ submit: inState('failed', error) });
    await using late = await startScriptedApi({ submit: running, poll: inState('expired') });

    const outcomes = [await outcomeOf(failing), await outcomeOf(late)];

    expect(outcomes).toEqual([
      { what: 'failed: invalid_input', detail: 'The text has no words.', askedAgain: [] },
      { what: 'expired', askedAgain: [] },
    ]);
  });

  it('is counted as refused where nobody listens, and as reset where the server hangs up', async () => {
    await using api = await startScriptedApi({ submit: hangUp });
    const nobody = { url: `http://127.0.0.1:${await freePort()}` };

    const outcomes = [await outcomeOf(nobody), await outcomeOf(api)];

    expect(outcomes).toEqual([
      { what: 'connection refused', askedAgain: [] },
      { what: 'connection reset', askedAgain: [] },
    ]);
  });

  it('is lost when patience ends, and says whether it had been accepted', async () => {
    await using silent = await startScriptedApi({ submit: never });
    await using slow = await startScriptedApi({ submit: running, poll: never });

    const outcomes = await Promise.all([outcomeOf(silent, 0.3), outcomeOf(slow, 2)]);

    expect(outcomes).toEqual([
      { what: 'no answer within 0.3 s', askedAgain: [] },
      { what: 'accepted, not ended within 2 s', askedAgain: [] },
    ]);
  });

  it('asks for shorter waits than its patience, so that it learns whether it was accepted', async () => {
    await using api = await startScriptedApi({});

    await outcomeOf(api, 5.5);

    expect(api.requests[0]?.headers.prefer).toBe('wait=4');
  });

  it('has no outcome when the caller is stopped', async () => {
    const stop = new AbortController();
    await using api = await startScriptedApi({ submit: () => stop.abort() });

    const outcome = await outcomeOf(api, 60, stop.signal);

    expect(outcome).toBeUndefined();
  });
});

describe('the client', () => {
  it('lets go of an idle connection before its server does, which would reset the next request', async () => {
    const taken = Promise.withResolvers<Socket>();
    const server = createServer((request, response) => {
      taken.resolve(request.socket);
      response.writeHead(200, { 'Keep-Alive': 'timeout=2' }).end('{}');
    });
    server.keepAliveTimeout = 0;
    const url = await listenOnFreePort(server);
    using client = createClient(url, {});

    await client.ask({ method: 'GET', path: '/', signal: new AbortController().signal });

    await once(await taken.promise, 'close');
    server.close();
  });
});
