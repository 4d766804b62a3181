import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { callLines, callOfLine } from '#api/http/call-lines.ts';
import type { Principal } from '#core';
import { createHandler as createGetTask } from '#lambdas/get-task/handler.ts';
import { createHandler as createHealth } from '#lambdas/health/handler.ts';
import { createHandler as createListCalls } from '#lambdas/list-calls/handler.ts';
import { createHandler } from '#lambdas/record-calls/handler.ts';
import { createHandler as createSubmit } from '#lambdas/submit-task/handler.ts';
import { silentLogger } from '#test/support/silent-logger.ts';
import { call, createTestApi } from './api-harness.ts';

const NOW = 1_700_000_000_000;

/** What CloudWatch sends to the function of a subscription. */
const event = (messages: readonly string[], { timestamp = NOW, messageType = 'DATA_MESSAGE' } = {}) => {
  const logEvents = messages.map((message, at) => ({ id: String(at), timestamp, message }));
  return { awslogs: { data: gzipSync(JSON.stringify({ messageType, logEvents })).toString('base64') } };
};

/** An API whose handlers write call lines, and the function that reads them. */
function recording(append?: () => Promise<void>) {
  const lines: string[] = [];
  const api = { ...createTestApi(), recordCall: callLines((line) => lines.push(line)) };
  const { calls, clock } = api.platform;
  const losses: unknown[] = [];
  const record = createHandler({
    calls: append ? { append } : calls,
    clock: append ? { now: () => NOW } : clock,
    logger: silentLogger,
    metrics: { count: (name, { outcome }, amount) => void losses.push([name, outcome, amount]) },
  });
  return { api, lines, losses, record };
}

const line = (fields: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({
    modelyardCall: {
      ...{ owner: 'ann', method: 'GET', route: '/tasks', status: 200, durationMs: 1, bytesIn: 0, bytesOut: 2 },
      ...{ requestId: 'r1', startedAt: NOW, ...fields },
    },
  });

describe('a call on AWS', () => {
  it('is a line of the log, from which its user and administrators read it', async () => {
    const { api, lines, losses, record } = recording();
    await api.wake();
    const submitted = await call(createSubmit(api), {
      route: '/models/{model}/tasks',
      ...{ params: { model: 'model_b' }, caller: 'ann', body: '{"value":7}' },
      headers: { 'Content-Type': 'application/json' },
    });

    await record(event(lines));
    const list = createListCalls({ ...api, calls: api.platform.calls });
    const mine = await call(list, { route: '/users/me/calls', caller: 'ann' });
    const others = await call(list, { route: '/users/me/calls', caller: 'bert' });
    const all = await call(list, { route: '/calls' });

    const { id } = submitted.json;
    expect(mine.json.calls).toEqual([
      expect.objectContaining({
        ...{ method: 'POST', route: '/models/{model}/tasks', model: 'model_b', task_id: id, status: 202 },
        ...{ bytes_in: 11, bytes_out: submitted.body.length, request_id: 'request-1' },
      }),
    ]);
    expect([others.json.calls, all.json.calls]).toEqual([[], mine.json.calls]);
    expect(losses).toEqual([]);
  });

  it('is recorded with the status of its problem', async () => {
    const { api, lines } = recording();

    await call(createGetTask(api), { route: '/tasks/{id}', params: { id: 'x' }, caller: 'ann' });

    expect(lines.map(callOfLine)).toMatchObject([{ owner: 'ann', route: '/tasks/{id}', status: 404 }]);
  });

  it('of a function URL is recorded by its route, with the caller that the handler finds out', async () => {
    const { api, lines } = recording();
    const ann: Principal = { id: 'ann', name: 'ann', role: 'user', key: 'k1' };
    const submit = createSubmit({ ...api, auth: 'jwt', authenticate: async () => ann });
    const asked = (rawPath: string) =>
      submit(
        { routeKey: '$default', rawPath, requestContext: { requestId: 'r', http: { method: 'POST' } }, headers: {} },
        { awsRequestId: 'l' } as never,
      );

    await asked('/predict/model_b');
    await asked('/nothing');

    expect(lines.map(callOfLine)).toMatchObject([
      { owner: 'ann', key: 'k1', method: 'POST', route: '/predict/{model}', model: 'model_b' },
    ]);
  });

  it('of a health probe is left out', async () => {
    const { api, lines } = recording();

    await call(createHealth(api), { route: '/healthz' });

    expect(lines).toEqual([]);
  });

  it('that is delivered twice is one call', async () => {
    const { api, record } = recording();
    const { clock, calls } = api.platform;
    const batch = event([line({ startedAt: clock.now() })]);

    await record(batch);
    await record(batch);

    expect((await calls.list({ owner: 'ann', limit: 10 })).calls).toHaveLength(1);
  });
});

describe('what cannot be recorded', () => {
  it('is tried again by Lambda while it repeats a run', async () => {
    const { losses, record } = recording(() => Promise.reject(new Error('away')));

    await expect(record(event([line()], { timestamp: NOW - 70_000 }))).rejects.toThrow('away');

    expect(losses).toEqual([]);
  });

  it('is counted after that', async () => {
    const { losses, record } = recording(() => Promise.reject(new Error('away')));

    await record(event([line(), line({ requestId: 'r2' })], { timestamp: NOW - 180_000 }));

    expect(losses).toEqual([['CallsLost', 'unwritten', 2]]);
  });

  it('is counted where a line is no call', async () => {
    const { api, losses, record } = recording();

    await record(event(['modelyardCall', '{"modelyardCall":1}', line({ status: 'x' }), line({ requestId: 'r9' })]));

    expect(losses).toEqual([['CallsLost', 'unreadable', 3]]);
    expect(api.counted).toEqual([]);
  });

  it('is nothing of a control message', async () => {
    const { losses, record } = recording();

    await record(event(['CWL CONTROL MESSAGE'], { messageType: 'CONTROL_MESSAGE' }));

    expect(losses).toEqual([]);
  });
});
