import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { post, type TaskBody } from '#test/support/api-client.ts';
import { EmbeddedSystem, type SystemEvent } from '#test/support/embedded-system.ts';
import { OtlpReceiver, type ReceivedSpan } from '#test/support/otlp-receiver.ts';
import { startCollector } from '#test/tracing/otlp-collector.ts';

const KIND = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;
const PARENT = { trace: '0af7651916cd43dd8448eb211c80319c', span: 'b7ad6b7169203331' };
const TRACEPARENT = `00-${PARENT.trace}-${PARENT.span}-01`;

const { OTEL_COLLECTOR: program } = process.env;
const cleanup = new AsyncDisposableStack();
let receiver: OtlpReceiver;
let system: EmbeddedSystem;
beforeAll(async () => {
  receiver = cleanup.use(await OtlpReceiver.start());
  // `npm run e2e:traces` sends everything through a collector.
  const { url } = program === undefined ? receiver : cleanup.use(await startCollector(program, receiver.url));
  const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_BSP_SCHEDULE_DELAY: '100' };
  system = cleanup.use(await EmbeddedSystem.start({ withFixtures: true, environment }));
}, 120_000);
afterAll(() => cleanup.disposeAsync());

/** A prediction whose first run fails, so that every log has a line about it. */
async function predict(headers: Record<string, string> = {}) {
  const response = await post(system, '/predict/unruly', { action: 'fail once' }, { Prefer: 'wait=25', ...headers });
  const task = (await response.json()) as TaskBody;
  expect(task).toMatchObject({ state: 'succeeded', attempts: 2 });
  return { id: task.id, requestId: String(response.headers.get('x-request-id')) };
}

const isLine = (event: SystemEvent, message: string | RegExp, requestId: string): boolean =>
  event.requestId === requestId && new RegExp(message).test(event.message);

/** The spans of a trace by name, once all of these were exported. */
async function spansOf(traceId: string, names: readonly string[]): Promise<Record<string, ReceivedSpan[]>> {
  return vi.waitFor(
    () => {
      const found = receiver.spans.filter((span) => span.traceId === traceId);
      expect(found.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
      return Object.groupBy(found, ({ name }) => name) as Record<string, ReceivedSpan[]>;
    },
    { timeout: 20_000, interval: 50 },
  );
}

describe('one request', () => {
  it('has one id in the access log, in the lines of the worker and of the model, and in the call log', async () => {
    const { id, requestId } = await predict();

    const access = await system.until((event) => isLine(event, '^POST /predict/unruly 200$', requestId));
    const thrown = await system.until((event) => isLine(event, '^The model threw an error', requestId));
    const retried = await system.until((event) => isLine(event, '^Attempt failed', requestId));
    const ended = await system.until((event) => isLine(event, '^Task succeeded', requestId));
    expect(access.source).toBe('gateway');
    expect([thrown, retried, ended]).toMatchObject(Array(3).fill({ source: 'unruly-1', taskId: id }));
    if (process.env.DATABASE_URL !== undefined || system.environment.PLATFORM === 'sqlite') {
      await vi.waitFor(
        async () => {
          const { calls } = (await (await system.fetch('/users/me/calls')).json()) as { calls: unknown[] };
          expect(calls).toContainEqual(expect.objectContaining({ request_id: requestId, task_id: id }));
        },
        { timeout: 20_000, interval: 100 },
      );
    }
  });

  it('has the id of the retry after one, and the trace of the retry', async () => {
    const failed = await post(system, '/predict/unruly', { action: 'refuse' }, { Prefer: 'wait=25' });
    const { instance } = (await failed.json()) as { instance: string };
    const id = String(failed.headers.get('location')).split('/').at(-1);
    const retried = await system.fetch(`/tasks/${id}/retry`, { method: 'POST' });

    const again = String(retried.headers.get('x-request-id'));
    expect([failed.status, retried.status, instance]).toEqual([422, 202, '/predict/unruly']);
    const line = await system.until((event) => isLine(event, '^Task failed', again));
    expect(line.taskId).toBe(id);
    await vi.waitFor(
      () => {
        const [process] = receiver.spans.filter(({ name, attributes }) => {
          return name === 'process unruly' && attributes['modelyard.request.id'] === again;
        });
        const [request] = receiver.spans.filter(({ name }) => name === 'POST /tasks/{id}/retry');
        expect(process?.traceId).toBe(request?.traceId);
        expect(process).toBeDefined();
      },
      { timeout: 20_000, interval: 50 },
    );
  });

  it('is one trace of the gateway, the instance and the model, which continues that of the caller', async () => {
    const { id, requestId } = await predict({ traceparent: TRACEPARENT });

    const attempt = ['queue unruly', 'process unruly', 'predict unruly', 'predict unruly', 'store result'];
    const names = ['POST /predict/{model}', 'send unruly', ...attempt, ...attempt];
    const spans = await spansOf(PARENT.trace, names);
    const only = (name: string, at = 0) => spans[name]?.toSorted((a, b) => a.startMs - b.startMs)[at] as ReceivedSpan;
    const [request, send] = [only('POST /predict/{model}'), only('send unruly')];
    expect(request).toMatchObject({ service: 'modelyard-gateway', kind: KIND.server, parentId: PARENT.span });
    expect(request.attributes).toMatchObject({
      'http.request.method': 'POST',
      'http.route': '/predict/{model}',
      'http.response.status_code': 200,
      'modelyard.request.id': requestId,
    });
    expect(send).toMatchObject({ service: 'modelyard-gateway', kind: KIND.producer, parentId: request.spanId });
    expect(send.attributes).toMatchObject({ 'messaging.message.id': id, 'modelyard.request.id': requestId });
    for (const at of [0, 1]) {
      const process = only('process unruly', at);
      expect(process).toMatchObject({
        ...{ service: 'modelyard-instance', kind: KIND.consumer, parentId: send.spanId, isError: at === 0 },
        attributes: { 'modelyard.attempt': at + 1, 'modelyard.task.id': id },
      });
      expect(only('queue unruly', at)).toMatchObject({ service: 'modelyard-instance', parentId: send.spanId });
      expect(only('store result', at)).toMatchObject({ service: 'modelyard-instance', parentId: process.spanId });
      const predicts = spans['predict unruly'] ?? [];
      const client = predicts.find(({ parentId }) => parentId === process.spanId) as ReceivedSpan;
      const server = predicts.find(({ parentId }) => parentId === client?.spanId);
      expect(client).toMatchObject({ service: 'modelyard-instance', kind: KIND.client, isError: at === 0 });
      expect(server).toMatchObject({ service: 'modelyard-model', kind: KIND.server, isError: at === 0 });
      expect(client.startMs).toBeGreaterThanOrEqual(process.startMs);
      expect(process.endMs).toBeGreaterThanOrEqual(client.endMs);
    }
  });

  it('leaves no trace when the caller does not record its own', async () => {
    const unsampled = '1af7651916cd43dd8448eb211c80319c';
    await predict({ traceparent: `00-${unsampled}-${PARENT.span}-00` });
    const { requestId } = await predict();
    await vi.waitFor(
      () =>
        expect(receiver.spans.map(({ attributes }) => attributes['modelyard.request.id'])).toContainEqual(requestId),
      { timeout: 20_000, interval: 50 },
    );

    expect(receiver.spans.filter(({ traceId }) => traceId === unsampled)).toEqual([]);
    const type = program === undefined ? 'application/x-protobuf' : 'application/json';
    expect(new Set(receiver.requests.map((request) => `${request.path} ${request.type}`))).toEqual(
      new Set([`/v1/traces ${type}`]),
    );
  });
});
