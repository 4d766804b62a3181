import { describe, expect, it } from 'vitest';
import { type BatchStore, itemTaskId, MAX_BATCH_ITEMS, type TaskQueue, unavailable } from '#core';
import { createHandler as createCancel } from '#lambdas/cancel-task/handler.ts';
import { createHandler as createRead } from '#lambdas/get-batch/handler.ts';
import { createHandler } from '#lambdas/submit-batch/handler.ts';
import { call, createTestApi, failed, replacing, type TestApi } from './api-harness.ts';

interface Item {
  readonly index: number;
  readonly task_id?: string;
  readonly problem?: { readonly status: number; readonly errors?: readonly { readonly pointer: string }[] };
}

const JSON_BODY = { 'Content-Type': 'application/json' };
const NDJSON_BODY = { 'Content-Type': 'application/x-ndjson' };

const submit = (api: TestApi, body: string, headers: Record<string, string> = JSON_BODY, caller?: string) =>
  call(createHandler(api), {
    route: '/models/{model}/batches',
    params: { model: 'model_b' },
    headers,
    body,
    ...(caller === undefined ? {} : { caller }),
  });

const read = (api: TestApi, id: unknown, caller?: string) =>
  call(createRead(api), {
    route: '/batches/{id}',
    params: { id: String(id) },
    ...(caller === undefined ? {} : { caller }),
  });

async function results(api: TestApi, id: unknown, query: Record<string, string> = {}) {
  const answer = await call(createRead(api), { route: '/batches/{id}/results', params: { id: String(id) }, query });
  const lines = answer.body.split('\n').filter((line) => line !== '');
  return { ...answer, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

const items = ({ json }: { readonly json: Record<string, unknown> }): readonly Item[] => json.items as readonly Item[];
const requests = (count: number): string => JSON.stringify(Array.from({ length: count }, (_, value) => ({ value })));

describe('POST /models/{model}/batches', () => {
  it('accepts every valid item of an array, and tells each invalid one by its index', async () => {
    const api = createTestApi();
    await api.wake();

    const answer = await submit(api, ' [ {"value": 1}, {"value": "x,]}\\""}, 7, {"value": 2, "delay_seconds": 0} ] ');

    expect(answer.statusCode).toBe(202);
    expect(answer.json).toMatchObject({ model: 'model_b', total: 4, completed: false });
    expect(answer.json.counts).toMatchObject({ queued: 2, refused: 2, succeeded: 0 });
    expect(answer.headers.Location).toBe(`/batches/${answer.json.id}`);
    expect(items(answer).map(({ problem }) => problem?.status)).toEqual([undefined, 422, 422, undefined]);
    expect(items(answer)[1]?.problem?.errors).toMatchObject([{ pointer: '/1/value' }]);
    const values = [await api.work(), await api.work()].map(({ request }) => request.value);
    expect(values.sort()).toEqual([1, 2]);
  });

  it('accepts half of a thousand lines when the others are invalid', async () => {
    const api = createTestApi();
    await api.wake();
    const lines = Array.from({ length: MAX_BATCH_ITEMS }, (_, at) => (at % 2 === 0 ? `{"value":${at}}` : '{"value":'));

    const answer = await submit(api, `\r\n${lines.join('\r\n')}\n\n`, NDJSON_BODY);

    expect(answer.json).toMatchObject({ total: 1000, counts: { queued: 500, refused: 500 } });
    expect(
      items(answer).every(({ index, problem }) => (problem?.status ?? 202) === (index % 2 === 0 ? 202 : 400)),
    ).toBe(true);
    expect((await api.platform.queues('model_b').depth()).visible).toBe(500);
  });

  it.each([
    ['{"value": 1}', 400],
    ['[{"value": 1}', 400],
    ['[{"value": 1}] x]', 400],
    ['[{"value": 1},]', 400],
    ['[,]', 400],
    ['["x]', 400],
    ['[]', 422],
    ['', 400],
  ])('refuses %s as a whole', async (body, status) => {
    const api = createTestApi();
    await api.wake();

    expect((await submit(api, body)).statusCode).toBe(status);
    expect((await api.platform.queues('model_b').depth()).visible).toBe(0);
  });

  it('refuses too many items, another type, and a model that is not there', async () => {
    const api = createTestApi();
    await api.wake();

    const tooMany = await submit(api, requests(MAX_BATCH_ITEMS + 1));
    const otherType = await submit(api, requests(1), { 'Content-Type': 'application/x-protobuf' });
    await api.doze();
    const other = await call(createHandler(api), {
      route: '/models/{model}/batches',
      params: { model: 'nobody' },
      headers: JSON_BODY,
      body: '[{}]',
    });

    expect([tooMany, otherType, other].map(({ statusCode }) => statusCode)).toEqual([422, 415, 404]);
  });

  it('answers a repeat by the same batch and sends nothing, and refuses the key for another body', async () => {
    const api = createTestApi();
    await api.wake();
    const headers = { ...JSON_BODY, 'Idempotency-Key': 'k-1' };
    const body = '[{"value": 1}, {"value": "x"}, {"value": 3}]';

    const first = await submit(api, body, headers);
    await api.work();
    const again = await submit(api, body, headers);
    const other = await submit(api, '[{"value": 1}]', headers);

    expect(items(again)).toEqual(items(first));
    expect(again.json).toMatchObject({ id: first.json.id, counts: { queued: 1, succeeded: 1, refused: 1 } });
    expect([other.statusCode, other.json.type]).toEqual([422, '/problems/idempotency-conflict']);
    expect((await submit(api, body, headers, 'another')).json.id).not.toBe(first.json.id);
  });

  it('tells which items the queue has not confirmed, and a repeat sends only those', async () => {
    let isBroken = true;
    const queueOf = (queue: TaskQueue): TaskQueue =>
      replacing(queue, {
        sendMany: async (messages) => {
          const sent = messages.map(async (message, at) => {
            if (isBroken && at === 1) return unavailable('queue_unavailable', 'It is away.', undefined);
            return queue.send(message).then(() => undefined);
          });
          return Promise.all(sent);
        },
      });
    const api = createTestApi({
      broken: ({ queues }) => ({ queues: ((model: string) => queueOf(queues(model))) as typeof queues }),
    });
    await api.wake();
    const headers = { ...JSON_BODY, 'Idempotency-Key': 'k-2' };

    const first = await submit(api, requests(3), headers);
    const id = String(first.json.id);
    const before = await results(api, id);
    isBroken = false;
    const again = await submit(api, requests(3), headers);

    expect(items(first).map(({ problem }) => problem?.status)).toEqual([undefined, 503, undefined]);
    expect(first.json.counts).toMatchObject({ queued: 2, refused: 1 });
    expect(before.lines.map(({ state }) => state)).toEqual(['queued', 'refused', 'queued']);
    expect(items(again).map(({ task_id }) => task_id)).toEqual([0, 1, 2].map((index) => itemTaskId(id, index)));
    const values = [await api.work(), await api.work(), await api.work()].map(({ request }) => request.value);
    expect(values.sort()).toContain(1);
  });

  it('stores and sends items while the queue has not confirmed earlier ones', async () => {
    const bothSent = Promise.withResolvers<void>();
    let calls = 0;
    const queueOf = (queue: TaskQueue): TaskQueue =>
      replacing(queue, {
        sendMany: async (messages) => {
          calls += 1;
          if (calls === 2) bothSent.resolve();
          await bothSent.promise;
          return Promise.all(messages.map((message) => queue.send(message).then(() => undefined)));
        },
      });
    const api = createTestApi({
      broken: ({ queues }) => ({ queues: ((model: string) => queueOf(queues(model))) as typeof queues }),
    });
    await api.wake();

    const answer = await submit(api, requests(1000));

    expect(answer.json.counts).toMatchObject({ queued: 1000, refused: 0 });
    expect(calls).toBe(4);
  });

  it('accepts nothing when no item could be queued, and a repeat accepts all', async () => {
    const api = createTestApi();
    await api.wake();
    const headers = { ...JSON_BODY, 'Idempotency-Key': 'k-3' };
    const queue = api.platform.queues('model_b');
    queue.reachable = false;

    const refused = await submit(api, requests(250), headers);
    queue.reachable = true;
    const again = await submit(api, requests(250), headers);

    expect([refused.statusCode, again.statusCode]).toEqual([503, 202]);
    expect(again.json.counts).toMatchObject({ queued: 250, refused: 0 });
    expect((await queue.depth()).visible).toBe(250);
  });

  it('enters the backlog as a whole or not at all', async () => {
    const api = createTestApi();
    await api.wake({ maxBacklog: 5 });

    const statuses = [
      (await submit(api, requests(4))).statusCode,
      (await submit(api, requests(2))).statusCode,
      (await submit(api, requests(1))).statusCode,
      (await submit(api, requests(6))).statusCode,
    ];

    expect(statuses).toEqual([202, 429, 202, 422]);
    expect((await api.platform.queues('model_b').depth()).visible).toBe(5);
  });

  it('waits for its places in a full backlog when it prefers that', async () => {
    const api = createTestApi();
    await api.wake({ maxBacklog: 2 });
    await submit(api, requests(2));
    const prefer = (seconds: number) => submit(api, requests(2), { ...JSON_BODY, Prefer: `wait=${seconds}` });

    const inVain = await prefer(1);
    const waiting = prefer(20);
    await api.work();
    await api.work();

    expect([inVain.statusCode, (await waiting).statusCode]).toEqual([429, 202]);
    expect((await api.platform.queues('model_b').depth()).visible).toBe(2);
  });

  it('is refused while the record of batches cannot be written, with nothing accepted', async () => {
    const broken: Partial<BatchStore> = { create: () => Promise.reject(unavailable('store_unavailable', 'away', 0)) };
    const api = createTestApi({
      broken: ({ tasks }) => ({ tasks: replacing(tasks, { batches: { ...tasks.batches, ...broken } }) }),
    });
    await api.wake();

    expect((await submit(api, requests(2))).statusCode).toBe(503);
    expect((await api.platform.queues('model_b').depth()).visible).toBe(0);
  });
});

describe('GET /batches/{id}', () => {
  it('counts items per state until all have ended', async () => {
    const api = createTestApi();
    await api.wake();
    const { json } = await submit(api, '[{"value": 1}, {"value": 2}, {"value": 3}, 4]');
    await api.work();
    await api.work((at) => failed(at));

    const before = await read(api, json.id);
    const { lines } = await results(api, json.id);
    const queued = lines.find(({ state }) => state === 'queued');
    await call(createCancel(api), { route: '/tasks/{id}/cancel', params: { id: String(queued?.id) } });
    const after = await read(api, json.id);

    expect(before.json).toMatchObject({ completed: false, counts: { succeeded: 1, failed: 1, queued: 1, refused: 1 } });
    expect(before.headers['Retry-After']).toBeDefined();
    expect(after.json).toMatchObject({ completed: true, counts: { succeeded: 1, failed: 1, canceled: 1, refused: 1 } });
  });

  it('is not there for another owner, for another id, and for what is no id', async () => {
    const api = createTestApi();
    await api.wake();
    const { json } = await submit(api, requests(1));
    const another = json.id as string;

    const answers = [
      await read(api, another, 'another'),
      await read(api, itemTaskId(another, 0)),
      await read(api, "x' OR 1"),
    ];

    expect(answers.map(({ json: problem }) => problem.type)).toEqual(Array(3).fill('/problems/batch-not-found'));
  });

  it.each([
    ['/batches/{id}', 'application/json', 'application/x-ndjson'],
    ['/batches/{id}/results', 'application/x-ndjson', 'application/json'],
  ])('offers one type at %s', async (route, offered, other) => {
    const api = createTestApi();
    await api.wake();
    const { json } = await submit(api, requests(1));
    const ask = (type: string) =>
      call(createRead(api), { route, params: { id: String(json.id) }, headers: { Accept: type } });

    const answers = [await ask(offered), await ask('*/*'), await ask(other)];

    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 406]);
  });

  it('answers with results in order, from any index, with the place where the next page begins', async () => {
    const api = createTestApi();
    await api.wake();
    const { json } = await submit(api, requests(25));
    for (let at = 0; at < 25; at++) await api.work();

    const all = await results(api, json.id);
    const page = await results(api, json.id, { from: '20', limit: '3' });
    const wrong = await results(api, json.id, { from: '-1' });

    expect(all.headers['Content-Type']).toBe('application/x-ndjson');
    expect(all.lines.map(({ index }) => index)).toEqual([...Array(25).keys()]);
    expect(all.lines[3]).toMatchObject({ state: 'succeeded', result: { value: 7 }, id: itemTaskId(`${json.id}`, 3) });
    expect(all.headers.Link).toBeUndefined();
    expect(page.lines.map(({ index }) => index)).toEqual([20, 21, 22]);
    expect(page.headers.Link).toBe(`</batches/${json.id}/results?from=23>; rel="next"`);
    expect(wrong.statusCode).toBe(400);
  });
});
