import { describe, expect, it } from 'vitest';
import { type InstanceController, MAX_PAYLOAD_BYTES, unavailable } from '#core';
import { createHandler } from '#lambdas/submit-task/handler.ts';
import { ModelBRequest, ModelBResponse } from '#proto/models/model_b.ts';
import { call, createTestApi, failed, replacing, stored, succeeded, type TestApi } from './api-harness.ts';

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

interface Submit {
  readonly model?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly caller?: string;
  readonly signal?: AbortSignal;
}

const post =
  (route: string) =>
  (api: TestApi, { model = 'model_b', body = '{"value": 7}', ...rest }: Submit = {}) =>
    call(createHandler(api), { route, params: { model }, body, ...rest });

const JSON_BODY = { 'Content-Type': 'application/json' };

const submit = post('/models/{model}/tasks');
const predict = post('/predict/{model}');

describe('POST /models/{model}/tasks', () => {
  it('accepts a task at once and says where it is', async () => {
    const api = createTestApi();
    await api.wake();

    const answer = await submit(api);

    expect(answer.statusCode).toBe(202);
    expect(answer.headers).toMatchObject({
      'Content-Type': 'application/json',
      Location: `/tasks/${answer.json.id}`,
      'Retry-After': '1',
      'X-Request-Id': 'request-1',
    });
    expect(answer.json).toEqual({
      task_id: answer.json.id,
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      model: 'model_b',
      state: 'queued',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      started_at: null,
      ended_at: null,
      attempts: 0,
      position: 1,
      estimated_start: expect.any(String),
      result: null,
      error: null,
      timings: {},
      links: { self: `/tasks/${answer.json.id}`, cancel: `/tasks/${answer.json.id}/cancel` },
    });
    expect(await api.work()).toEqual({ id: answer.json.id, request: { value: 7 } });
    expect(api.counted).toEqual([]);
  });

  it('takes a binary message as it is', async () => {
    const api = createTestApi();
    await api.wake();
    const headers = { 'content-type': 'application/x-protobuf' };

    const { statusCode } = await submit(api, { headers, body: ModelBRequest.encode({ value: -3 }) });

    expect(statusCode).toBe(202);
    expect((await api.work()).request.value).toBe(-3);
  });

  it('takes an empty binary message, which is the message of all defaults', async () => {
    const api = createTestApi();
    await api.wake();

    await submit(api, { headers: { 'Content-Type': 'application/x-protobuf' }, body: new Uint8Array() });

    expect((await api.work()).request.value).toBe(0);
  });

  it('waits when it is asked to, and says that it did', async () => {
    const api = createTestApi();
    await api.wake();

    const answering = submit(api, { headers: { Prefer: 'respond-async, wait=5' } });
    await api.work();
    const answer = await answering;

    expect(answer.statusCode).toBe(200);
    expect(answer.headers['Preference-Applied']).toBe('wait=5');
    expect(answer.headers).not.toHaveProperty('Retry-After');
    expect(answer.json).toMatchObject({
      state: 'succeeded',
      result: { value: 7, elapsed_seconds: 0 },
      timings: { queued_ms: expect.any(Number), run_ms: 0, total_ms: expect.any(Number) },
    });
  });

  it('answers 200 with a task that failed in time', async () => {
    const api = createTestApi();
    await api.wake();

    const answering = submit(api, { headers: { Prefer: 'wait=5' } });
    await api.work((at) => failed(at));
    const { statusCode, json } = await answering;

    expect(statusCode).toBe(200);
    expect(json).toMatchObject({
      state: 'failed',
      result: null,
      error: { code: 'timeout', message: 'The run took too long.', retryable: true },
    });
  });

  it('answers 202 when the task does not end in time', async () => {
    const api = createTestApi();
    await api.wake();

    const answer = await submit(api, { headers: { Prefer: 'wait=0' } });

    expect(answer.statusCode).toBe(202);
    expect(answer.headers).not.toHaveProperty('Preference-Applied');
  });

  it('puts an urgent task before those that wait', async () => {
    const api = createTestApi();
    await api.wake();
    for (const number of [1, 2]) await submit(api, { headers: { 'Idempotency-Key': `first-${number}` } });

    await submit(api, { headers: { 'Task-Priority': 'high' } });

    expect((await api.nextEnvelope()).priority).toBe('high');
    expect((await api.nextEnvelope()).priority).toBeUndefined();
  });

  it('hands the Routing-Key on to the instance', async () => {
    const api = createTestApi();
    await api.wake();

    await submit(api, { headers: { 'Routing-Key': 'customer-7' } });

    expect((await api.nextEnvelope()).routingKey).toBe('customer-7');
  });

  it('hands deadline, timeout and trace on to the model', async () => {
    const api = createTestApi();
    await api.wake({ timeoutSeconds: 30 });
    const headers = { 'Task-Deadline': '90', 'Task-Timeout': '20', traceparent: TRACE, tracestate: 'a=1' };

    await submit(api, { headers });
    const envelope = await api.nextEnvelope();

    expect(envelope.deadlineAt - envelope.submittedAt).toBe(90_000);
    expect(envelope.timeoutSeconds).toBe(20);
    expect(envelope.trace).toEqual({ traceparent: TRACE, tracestate: 'a=1' });
  });

  it('answers the same task to the same Idempotency-Key, also after it ended', async () => {
    const api = createTestApi();
    await api.wake();
    const headers = { 'Idempotency-Key': 'order-17' };

    const first = await submit(api, { headers });
    await api.work();
    const second = await submit(api, { headers });

    expect(second.statusCode).toBe(202);
    expect(second.json).toMatchObject({ id: first.json.id, state: 'succeeded', result: { value: 7 } });
  });

  it('refuses another body under the same Idempotency-Key with 422', async () => {
    const api = createTestApi();
    await api.wake();
    const headers = { 'Idempotency-Key': 'order-17' };
    await submit(api, { headers });

    const { statusCode, json } = await submit(api, { headers, body: '{"value": 8}' });

    expect(statusCode).toBe(422);
    expect(json.type).toBe('/problems/idempotency-conflict');
  });

  it('keeps the tasks of the caller whom the authorizer names', async () => {
    const api = createTestApi();
    await api.wake();

    const { json } = await submit(api, { caller: 'ada' });

    expect((await stored(api, json.id)).owner).toBe('ada');
  });
});

describe('a submit that is refused', () => {
  it.each([
    ['what is not JSON', '{"value": 7', {}, 400, 'unreadable-body'],
    ['no body', '', {}, 400, 'unreadable-body'],
    ['JSON that is not UTF-8', Buffer.from([0x22, 0xff, 0x22]), {}, 400, 'unreadable-body'],
    [
      'what is not protobuf',
      Buffer.from([0xff, 0xff]),
      { 'Content-Type': 'application/x-protobuf' },
      400,
      'unreadable-body',
    ],
    ['an unusable header', '{}', { 'Task-Deadline': 'soon' }, 400, 'invalid-request'],
    ['a private webhook', '{}', { 'Webhook-Url': 'https://10.0.0.1' }, 400, 'invalid-request'],
    ['another type', 'value: 7', { 'Content-Type': 'text/yaml' }, 415, 'unsupported-media-type'],
    ['compressed JSON', '{}', { 'Content-Encoding': 'gzip' }, 415, 'unsupported-media-type'],
    ['a wish for HTML', '{}', { Accept: 'text/html' }, 406, 'not-acceptable'],
    ['too much', Buffer.alloc(MAX_PAYLOAD_BYTES + 1, ' '), {}, 413, 'body-too-large'],
  ])('has %s', async (_, body, headers, status, problem) => {
    const api = createTestApi();
    await api.wake();

    const { statusCode, json, headers: answered } = await submit(api, { body, headers });

    expect(statusCode).toBe(status);
    expect(answered).toMatchObject({ 'Content-Type': 'application/problem+json', 'X-Request-Id': 'request-1' });
    expect(json).toMatchObject({ type: `/problems/${problem}`, status, instance: '/models/model_b/tasks' });
    expect((await api.platform.queues('model_b').depth()).visible).toBe(0);
  });

  it.each([
    ['{"value": 7, "colour": "red"}', '/colour'],
    ['{"value": "seven"}', '/value'],
    ['{"value": 2147483648}', '/value'],
    ['{"delay_seconds": true}', '/delay_seconds'],
  ])('has fields that are wrong: %s', async (body, pointer) => {
    const api = createTestApi();
    await api.wake();

    const { statusCode, json } = await submit(api, { body });

    expect(statusCode).toBe(422);
    expect(json).toMatchObject({ type: '/problems/invalid-input', errors: [{ pointer, message: expect.any(String) }] });
    expect(api.counted).toEqual(['SubmitsRefused invalid_input']);
  });

  it.each(['model_x', 'Model B', '../tasks', ''])('is for no model: %j', async (model) => {
    const api = createTestApi();
    await api.wake();

    const { statusCode, json } = await submit(api, { model });

    expect(statusCode).toBe(404);
    expect(json.type).toBe('/problems/model-not-found');
  });

  it('is for a sleeping model that will not take it', async () => {
    const api = createTestApi();
    await api.doze({ acceptWhenAsleep: false });

    const { statusCode, json, headers } = await submit(api);

    expect(statusCode).toBe(503);
    expect(json.type).toBe('/problems/no-live-instance');
    expect(headers['Retry-After']).toBe('5');
    expect((await api.platform.queues('model_b').depth()).visible).toBe(0);
  });

  it('is one too many, and is told when to come back', async () => {
    const api = createTestApi();
    await api.wake({ maxBacklog: 1 });
    await submit(api);

    const { statusCode, json, headers } = await submit(api);

    expect(statusCode).toBe(429);
    expect(json.type).toBe('/problems/backlog-full');
    expect(Number(headers['Retry-After'])).toBeGreaterThanOrEqual(1);
    expect(api.counted).toEqual(['SubmitsRefused backlog_full']);
  });

  it('meets a queue that is away: nothing is accepted', async () => {
    const api = createTestApi({
      broken: ({ queues }) => ({
        queues: (model) =>
          replacing(queues(model), {
            send: () => Promise.reject(unavailable('queue_unavailable', 'The queue is away.', new Error('arn:aws:x'))),
          }),
      }),
    });
    await api.wake();

    const { statusCode, json, headers, body } = await submit(api, { headers: { 'Idempotency-Key': 'k' } });

    expect(statusCode).toBe(503);
    expect(json.type).toBe('/problems/queue-unavailable');
    expect(headers['Retry-After']).toBe('5');
    expect(body).not.toContain('arn:');
    expect((await api.platform.tasks.list({ owner: 'local', limit: 10 })).tasks).toEqual([]);
  });

  it('meets a fault of our own, of which nothing is told', async () => {
    const logged: unknown[] = [];
    const error = new Error('secret');
    const api = createTestApi({
      logger: { debug() {}, info() {}, warn() {}, error: (_, fields) => void logged.push(fields?.error) },
      broken: ({ tasks }) => ({
        tasks: replacing(tasks, { create: () => Promise.reject(error) }),
      }),
    });
    await api.wake();

    const { statusCode, body } = await submit(api);

    expect(statusCode).toBe(500);
    expect(body).not.toContain('secret');
    expect(logged).toEqual([error]);
    expect(api.counted).toEqual(['SubmitsRefused internal']);
  });
});

describe('a submit to a model that is asleep', () => {
  it('is accepted and waits', async () => {
    const api = createTestApi();
    await api.doze();

    const { statusCode, json } = await submit(api);

    expect(statusCode).toBe(202);
    expect(json.state).toBe('queued');
  });
});

describe('a prediction of a model that is asleep', () => {
  const sleeping = { sleeps: true, list: async () => [], wake: async () => undefined } as unknown as InstanceController;

  it('is answered at once where a start takes longer than any wait', async () => {
    const api = createTestApi({ broken: () => ({ instances: sleeping }) });
    await api.doze();

    const { statusCode, headers, json } = await predict(api, { headers: { ...JSON_BODY, Prefer: 'wait=25' } });

    expect(statusCode).toBe(202);
    expect(json.state).toBe('queued');
    expect(Number(headers?.['Retry-After'])).toBeGreaterThan(0);
  });
});

describe('POST /predict/{model}', () => {
  it('waits without being asked', async () => {
    const api = createTestApi();
    await api.wake();

    const answering = predict(api);
    await api.work((at) => succeeded(at, { value: 9 }));
    const { statusCode, headers, json } = await answering;

    expect(statusCode).toBe(200);
    expect(headers).not.toHaveProperty('Preference-Applied');
    expect(json.result).toEqual({ value: 9, elapsed_seconds: 0 });
  });

  it.each([
    ['invalid_input', 422],
    ['timeout', 504],
    ['attempts_exhausted', 500],
  ])('answers a task that failed with %s by a problem with its task', async (code, status) => {
    const api = createTestApi();
    await api.wake();

    const answering = predict(api);
    await api.work((at) => ({ ...failed(at), error: { code, message: 'It failed.', retryable: false } }));
    const { statusCode, headers, json } = await answering;

    expect(statusCode).toBe(status);
    expect(headers.Location).toBe(`/tasks/${(json.task as { id: string }).id}`);
    expect(json).toMatchObject({
      type: `/problems/${code.replaceAll('_', '-')}`,
      status,
      detail: 'It failed.',
      task: { state: 'failed', error: { code, message: 'It failed.' } },
    });
  });

  it('gives the bare result as protobuf, but only here', async () => {
    const api = createTestApi();
    await api.wake();
    const headers = { Accept: 'application/x-protobuf', Prefer: 'wait=5' };

    const answering = predict(api, { headers });
    const { id } = await api.work((at) => succeeded(at, { value: 9 }));
    const answer = await answering;
    const refused = await submit(api, { headers });

    expect([answer.statusCode, answer.headers.Location]).toEqual([200, `/tasks/${id}`]);
    expect(answer.headers['Content-Type']).toBe('application/x-protobuf');
    expect(ModelBResponse.decode(Buffer.from(answer.body, 'base64'))).toMatchObject({ value: 9 });
    expect(refused.statusCode).toBe(406);
  });

  it.each(['wait=0', 'respond-async'])('does not wait with Prefer: %s', async (prefer) => {
    const api = createTestApi();
    await api.wake();

    const { statusCode, json } = await predict(api, { headers: { prefer } });

    expect(statusCode).toBe(202);
    expect(json.state).toBe('queued');
  });

  it('stops waiting when the caller has gone', async () => {
    const api = createTestApi();
    await api.wake();
    const gone = new AbortController();

    const answering = predict(api, { signal: gone.signal });
    await api.nextEnvelope();
    gone.abort();

    expect((await answering).statusCode).toBe(202);
  });

  it('answers with the task that was accepted when waiting for it fails', async () => {
    let reads = 0;
    const api = createTestApi({
      broken: ({ tasks }) => ({
        tasks: replacing(tasks, {
          get: () => {
            reads += 1;
            return Promise.reject(unavailable('store_unavailable', 'The store is away.', undefined));
          },
        }),
      }),
    });
    await api.wake();

    const answering = predict(api);
    await api.work();
    const { statusCode, json } = await answering;

    expect(statusCode).toBe(202);
    expect(json.state).toBe('queued');
    expect(reads).toBeGreaterThan(0);
  });
});
