import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, it } from 'vitest';
import { OutboundHttp, type ResolvedAddress } from '#adapters/outbound/outbound-http.ts';
import { signWebhook } from '#adapters/outbound/sign-webhook.ts';
import type { Task, TaskEvent } from '#core';
import { webhookKey } from '#core/webhooks';
import { createHandler as createManage } from '#lambdas/manage-webhooks/handler.ts';
import { createHandler as createRetry } from '#lambdas/retry-task/handler.ts';
import { createSendDue } from '#lambdas/send-webhooks/send-due.ts';
import { createHandler as createSubmitBatch } from '#lambdas/submit-batch/handler.ts';
import { createHandler as createSubmit } from '#lambdas/submit-task/handler.ts';
import { listenOnFreePort } from '#test/support/listen.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { call, createTestApi, failed, stored, succeeded, type TestApi } from './api-harness.ts';

const HOUR_MS = 3600_000;

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

describe('a webhook', () => {
  const servers: Server[] = [];

  /** A real receiver. It answers with these statuses, the last one again and again. */
  async function receiver(...statuses: number[]) {
    const received: Received[] = [];
    const answer: RequestListener = (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
        const status = statuses[Math.min(received.length, statuses.length) - 1] ?? 204;
        response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end('read me');
      });
    };
    const server = createServer(answer);
    servers.push(server);
    return { received, url: await listenOnFreePort(server), server };
  }

  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  interface SetUpOptions {
    readonly listed?: readonly string[];
    readonly resolve?: (name: string) => Promise<readonly ResolvedAddress[]>;
  }

  function setUp({ listed = ['127.0.0.1'], resolve }: SetUpOptions = {}) {
    const clock = new ManualClock();
    const hosts = new Set(listed);
    const api = createTestApi({ clock, broken: () => ({ outboundHosts: hosts }) });
    const outbound = new OutboundHttp({ listed: hosts, ...(resolve ? { resolve } : {}) });
    const sendDue = createSendDue(api, { outbound, sign: signWebhook, random: () => 0 });
    const { webhooks } = api.platform;
    return {
      api,
      clock,
      sendDue,
      /** Moves the time and lets a sender do all that becomes due. */
      async pass(ms: number) {
        const end = clock.now() + ms;
        for (;;) {
          const [key] = await webhooks.due(end, 1);
          if (key === undefined) break;
          const { dueAt } = JSON.parse((await webhooks.get(key))?.document ?? '{}');
          await clock.advance(Math.max(0, dueAt - clock.now()));
          await sendDue(key);
        }
        await clock.advance(end - clock.now());
      },
    };
  }

  async function submit(api: TestApi, url: string, headers: Record<string, string> = {}): Promise<string> {
    await api.wake();
    const answer = await call(createSubmit(api), {
      route: '/models/{model}/tasks',
      params: { model: 'model_b' },
      headers: { 'Content-Type': 'application/json', 'Webhook-Url': url, ...headers },
      body: '{"value": 7}',
    });
    expect(answer.statusCode, answer.body).toBe(202);
    return String(answer.json.id);
  }

  const deliveriesOf = async (api: TestApi, id: string) => {
    const { json } = await call(createManage(api), { route: '/tasks/{id}/deliveries', params: { id } });
    return json.deliveries as {
      id: string;
      event: string;
      state: string;
      attempts: { status: number; error: string }[];
    }[];
  };

  const secretOf = async (api: TestApi) =>
    String((await call(createManage(api), { route: '/users/me/webhook-secret' })).json.secret);

  it('tells its receiver how the task has ended, signed and once', async () => {
    const { api, pass } = setUp();
    const { received, url } = await receiver();
    const id = await submit(api, `${url}/hook`);
    await pass(1000);
    expect(received).toEqual([]);
    await api.work();

    await pass(HOUR_MS);

    expect(received).toHaveLength(1);
    const [{ headers, body }] = received as [Received];
    const verifier = new Webhook(await secretOf(api));
    const at = Number(headers['webhook-timestamp']);
    expect(headers['webhook-id']).toBe(`msg_${id}_0`);
    expect(verifier.sign(`msg_${id}_0`, new Date(at * 1000), body)).toBe(headers['webhook-signature']);
    expect(JSON.parse(body)).toMatchObject({ type: 'task.succeeded', id, state: 'succeeded', result: { value: 7 } });
    expect(await deliveriesOf(api, id)).toMatchObject([
      { id: `msg_${id}_0`, event: 'task.succeeded', state: 'delivered', attempts: [{ status: 204, error: null }] },
    ]);
  });

  it.each<[string, number, (id: string, now: number) => TaskEvent]>([
    ['task.failed', 0, (_, now) => failed(now)],
    ['task.canceled', 0, (_, at) => ({ type: 'canceled', at, by: 'local' })],
    ['task.expired', 25 * HOUR_MS, () => ({ type: 'sent', at: 0, requestHash: '' })],
  ])('tells of %s', async (event, waitedMs, end) => {
    const { api, clock, pass } = setUp();
    const { received, url } = await receiver();
    const id = await submit(api, url);
    await api.platform.tasks.apply(id, end(id, clock.now()));

    await pass(waitedMs + 60_000);

    expect(received.map(({ body }) => JSON.parse(body).type)).toEqual([event]);
  });

  it.each(['task.started', '', 'task.failed,'])(
    'is refused with its submit when its events are «%s»',
    async (events) => {
      const { api } = setUp();
      await api.wake();

      const { statusCode } = await call(createSubmit(api), {
        route: '/models/{model}/tasks',
        params: { model: 'model_b' },
        headers: { 'Content-Type': 'application/json', 'Webhook-Url': 'https://a.example/', 'Webhook-Events': events },
        body: '{"value": 7}',
      });

      expect(statusCode).toBe(400);
    },
  );

  it.each([
    'http://example.com/hook',
    'https://169.254.169.254/',
    'https://[::ffff:10.0.0.1]/',
    'https://2130706434/',
    'https://0300.0250.1.1/',
    'https://user:password@example.com/',
    'https://example.com:22/',
    'hook',
    '',
  ])('is refused with its submit when its URL is «%s»', async (url) => {
    const { api } = setUp();
    await api.wake();

    const { statusCode, json } = await call(createSubmit(api), {
      route: '/models/{model}/tasks',
      params: { model: 'model_b' },
      headers: { 'Content-Type': 'application/json', 'Webhook-Url': url },
      body: '{"value": 7}',
    });

    expect([statusCode, json.type]).toEqual([400, '/problems/invalid-request']);
    expect((await api.platform.queues('model_b').depth()).visible).toBe(0);
  });

  it('tells only of the events that were asked for', async () => {
    const { api, pass } = setUp();
    const { received, url } = await receiver();
    const id = await submit(api, url, { 'Webhook-Events': 'task.failed, task.expired' });
    await api.work();

    await pass(HOUR_MS);

    expect(received).toEqual([]);
    expect(await deliveriesOf(api, id)).toEqual([]);
  });

  it('is sent again with growing pauses until the receiver takes it', async () => {
    const { api, clock, pass } = setUp();
    const start = clock.now();
    const { received, url } = await receiver(500, 302, 404, 200);
    const id = await submit(api, url);
    await api.work();

    await pass(12 * HOUR_MS);

    const pauses = received.map(({ headers }) => Number(headers['webhook-timestamp']) - start / 1000);
    expect(pauses).toEqual([0, 5, 305, 2105]);
    expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    const [delivery] = await deliveriesOf(api, id);
    expect(delivery?.state).toBe('delivered');
    expect(delivery?.attempts.map(({ status }) => status)).toEqual([500, 302, 404, 200]);
    expect(delivery?.attempts[1]?.error).toContain('302');
  });

  it('is given up after ten attempts, or when the receiver is gone', async () => {
    const { api, pass } = setUp();
    const [down, gone] = [await receiver(503), await receiver(410)];
    const ids = [await submit(api, down.url), await submit(api, gone.url)];
    for (const _ of ids) await api.work();

    await pass(6 * 24 * HOUR_MS);

    expect([down.received.length, gone.received.length]).toEqual([10, 1]);
    for (const id of ids) expect(await deliveriesOf(api, id)).toMatchObject([{ state: 'failed' }]);
  });

  it('never delays the end of its task', async () => {
    const { api, pass } = setUp();
    const { received, url, server } = await receiver();
    server.removeAllListeners('request');
    const id = await submit(api, url);
    await api.work();

    expect((await stored(api, id)).state).toBe('succeeded');

    server.on('request', (_, response) => response.end());
    await pass(HOUR_MS);
    expect(await deliveriesOf(api, id)).toMatchObject([{ state: 'delivered' }]);
    expect(received).toEqual([]);
  });

  it.each(['127.0.0.1', '169.254.169.254', '::ffff:127.0.0.1', '::1', '10.0.0.1', '64:ff9b::7f00:1'])(
    'is not sent to a name that rebinds to %s',
    async (address) => {
      const resolve = async () => [{ address, family: address.includes(':') ? 6 : 4 }];
      const { api, pass } = setUp({ listed: [], resolve });
      const { received, url } = await receiver();
      const id = await submit(api, `https://rebound.example:8443/${new URL(url).port}`);
      await api.work();

      await pass(60_000);

      expect(received).toEqual([]);
      const [delivery] = await deliveriesOf(api, id);
      expect(delivery?.state).toBe('pending');
      expect(delivery?.attempts[0]?.error).toContain('not a public address');
    },
  );

  it('tells of each round of a retried task, in order', async () => {
    const { api, clock, pass } = setUp();
    const { received, url } = await receiver(500, 500, 204);
    const id = await submit(api, url);
    const envelope = await (async () => {
      const { platform } = api;
      const { signal } = new AbortController();
      const [delivery] = await platform.queues('model_b').consume({ leaseSeconds: 30, signal }).receive(1);
      await delivery?.ack();
      return delivery?.body;
    })();
    await api.platform.tasks.apply(id, { ...failed(clock.now()), envelope } as TaskEvent);
    const { statusCode } = await call(createRetry(api), { route: '/tasks/{id}/retry', params: { id } });
    expect(statusCode).toBe(202);
    await api.platform.tasks.apply(id, { ...succeeded(clock.now()), round: 1 } as TaskEvent);

    await pass(HOUR_MS);

    const told = received.map(({ headers, body }) => [headers['webhook-id'], JSON.parse(body).state]);
    expect(told).toEqual([...Array(3).fill([`msg_${id}_0`, 'failed']), [`msg_${id}_1`, 'succeeded']]);
    expect((await deliveriesOf(api, id)).map(({ state }) => state)).toEqual(['delivered', 'delivered']);
  });

  it('is sent again by hand, with the same id', async () => {
    const { api, pass } = setUp();
    const { received, url } = await receiver();
    const id = await submit(api, url);
    const redeliver = (body?: string) =>
      call(createManage(api), {
        route: '/tasks/{id}/redeliver',
        params: { id },
        ...(body ? { body, headers: { 'Content-Type': 'application/json' } } : {}),
      });
    expect((await redeliver()).statusCode).toBe(404);
    await api.work();
    await pass(HOUR_MS);

    expect((await redeliver()).json).toMatchObject({ id: `msg_${id}_0`, state: 'pending' });
    await pass(1000);
    expect((await redeliver(`{"id": "msg_${id}_0"}`)).statusCode).toBe(202);
    expect((await redeliver('{"id": "msg_other"}')).statusCode).toBe(404);
    await pass(1000);

    expect(received.map(({ headers }) => headers['webhook-id'])).toEqual(Array(3).fill(`msg_${id}_0`));
  });

  it('is signed with both secrets for a day after a rotation', async () => {
    const { api, clock, pass } = setUp();
    const { received, url } = await receiver();
    const first = await secretOf(api);
    const rotated = await call(createManage(api), { route: '/users/me/webhook-secret/rotate' });
    const second = String(rotated.json.secret);
    const id = await submit(api, url);
    await api.work();
    await pass(1000);
    await pass(24 * HOUR_MS);
    await call(createManage(api), { route: '/tasks/{id}/redeliver', params: { id } });
    await pass(1000);

    const signatures = received.map(({ headers }) => String(headers['webhook-signature']).split(' '));
    const expected = received.map(({ headers, body }) =>
      [second, first].map((secret) =>
        new Webhook(secret).sign(`msg_${id}_0`, new Date(Number(headers['webhook-timestamp']) * 1000), body),
      ),
    );
    expect(first).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(Date.parse(String(rotated.json.previous_valid_until))).toBe(clock.now() - 1000 * 2);
    expect(signatures[0]).toEqual(expected[0]);
    expect(signatures[1]).toEqual(expected[1]?.slice(0, 1));
  });

  it('is sent again by another sender when one dies in the middle', async () => {
    const { api, clock, pass, sendDue } = setUp();
    const { received, url, server } = await receiver();
    const id = await submit(api, url);
    await api.work();
    await clock.advance(1000);
    const { webhooks } = api.platform;
    const put = webhooks.put.bind(webhooks);
    let writes = 0;
    // The claim is written, and what comes after the request is not.
    webhooks.put = async (...args) => {
      writes += 1;
      if (writes > 1 && args[0] === webhookKey(id)) throw new Error('killed');
      return put(...args);
    };

    await expect(sendDue(webhookKey(id))).rejects.toThrow('killed');
    webhooks.put = put;
    await pass(HOUR_MS);

    expect(server.listening).toBe(true);
    expect(received.map(({ headers }) => headers['webhook-id'])).toEqual(Array(2).fill(`msg_${id}_0`));
    expect(await deliveriesOf(api, id)).toMatchObject([{ state: 'delivered' }]);
  });

  it('is forgotten when its submit fails', async () => {
    const { api, pass } = setUp();
    const { received, url } = await receiver();
    await api.wake();
    const create = api.platform.tasks.create.bind(api.platform.tasks);
    api.platform.tasks.create = async () => Promise.reject(new Error('The store is away.'));
    const answer = await call(createSubmit(api), {
      route: '/models/{model}/tasks',
      params: { model: 'model_b' },
      headers: { 'Content-Type': 'application/json', 'Webhook-Url': url },
      body: '{"value": 7}',
    });
    api.platform.tasks.create = create;

    await pass(HOUR_MS);

    expect(answer.statusCode).toBe(500);
    expect(received).toEqual([]);
    expect(await api.platform.webhooks.due(Number.MAX_SAFE_INTEGER, 10)).toEqual([]);
  });

  it('is sent when a submit that failed is repeated long after', async () => {
    const { api, pass } = setUp();
    const { received, url } = await receiver();
    const key = { 'Idempotency-Key': 'again' };
    const queue = api.platform.queues('model_b');
    await api.wake();
    queue.reachable = false;
    const first = await call(createSubmit(api), {
      route: '/models/{model}/tasks',
      params: { model: 'model_b' },
      headers: { 'Content-Type': 'application/json', 'Webhook-Url': url, ...key },
      body: '{"value": 7}',
    });
    queue.reachable = true;
    await pass(HOUR_MS);

    const id = await submit(api, url, key);
    await api.work();
    await pass(HOUR_MS);

    expect(first.statusCode).toBe(503);
    expect(received.map(({ body }) => JSON.parse(body))).toMatchObject([{ id, type: 'task.succeeded' }]);
  });

  it('tells of every item of a batch', async () => {
    const { api, pass } = setUp();
    const { received, url } = await receiver();
    await api.wake();
    const answer = await call(createSubmitBatch(api), {
      ...{ route: '/models/{model}/batches', params: { model: 'model_b' } },
      headers: { 'Content-Type': 'application/json', 'Webhook-Url': url },
      body: JSON.stringify([{ value: 1 }, { valu: 2 }, { value: 3 }]),
    });
    for (let item = 0; item < 2; item++) await api.work();

    await pass(HOUR_MS);

    expect(answer.statusCode).toBe(202);
    const told = received.map(({ body }) => JSON.parse(body));
    const items = answer.json.items as unknown as readonly { readonly task_id?: string }[];
    expect(told.map(({ type }) => type)).toEqual(['task.succeeded', 'task.succeeded']);
    expect(told.map(({ id }) => id).toSorted()).toEqual(items.flatMap(({ task_id: id }) => id ?? []).toSorted());
  });

  it('that may not be called refuses a batch as a whole', async () => {
    const { api } = setUp({ listed: [] });
    await api.wake();
    const answer = await call(createSubmitBatch(api), {
      ...{ route: '/models/{model}/batches', params: { model: 'model_b' } },
      headers: { 'Content-Type': 'application/json', 'Webhook-Url': 'https://169.254.169.254/' },
      body: JSON.stringify([{ value: 1 }, { value: 2 }]),
    });

    expect(answer.statusCode).toBe(400);
    expect((await api.platform.queues('model_b').depth()).visible).toBe(0);
  });

  it('shows nothing to others', async () => {
    const { api } = setUp();
    const { url } = await receiver();
    const id = await submit(api, url);
    const ask = (route: string) => call(createManage(api), { route, params: { id }, caller: 'somebody-else' });

    expect((await ask('/tasks/{id}/deliveries')).statusCode).toBe(404);
    expect((await ask('/tasks/{id}/redeliver')).statusCode).toBe(404);
    expect((await stored(api, id)) satisfies Task).toBeDefined();
  });
});
