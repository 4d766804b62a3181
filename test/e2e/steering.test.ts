import { createServer, type IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ended, type ProblemBody, post, submit, type TaskBody } from '#test/support/api-client.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';
import { listenOnFreePort } from '#test/support/listen.ts';

/** As the manifest of model_b has it. */
const SLOTS = 8;

let system: EmbeddedSystem;
beforeAll(async () => {
  // The receiver of webhooks is on this machine.
  system = await EmbeddedSystem.start({ environment: { MODELYARD_OUTBOUND_HOSTS: '127.0.0.1' } });
});
afterAll(() => system[Symbol.asyncDispose]());

const json = async <Body>(path: string) => (await (await system.fetch(path)).json()) as Body;

const cancel = (id: string) => post(system, `/tasks/${id}/cancel`, '');

async function untilRunning(id: string): Promise<void> {
  let state = '';
  while (state !== 'running') {
    if (state !== '') await sleep(50);
    const response = await system.fetch(`/tasks/${id}`);
    ({ state } = (await response.json()) as TaskBody);
  }
}

describe('canceling', () => {
  it('aborts runs, keeps a queued task from running, and leaves the instance to others', async () => {
    const hold = () => submit(system, 'model_b', { value: 1, delay_seconds: 300 });
    const running = await Promise.all(Array.from({ length: SLOTS }, hold));
    for (const { id } of running) await untilRunning(id);
    const queued = await hold();
    const next = await submit(system, 'model_b', { value: 3, delay_seconds: 0 });

    const answer = await cancel(queued.id);
    const answers = await Promise.all(running.map(({ id }) => cancel(id)));

    expect([answer, ...answers].map(({ status }) => status)).toEqual(Array.from({ length: SLOTS + 1 }, () => 202));
    expect(await answer.json()).toMatchObject({ id: queued.id, state: 'canceled', started_at: null, result: null });
    expect((await ended(system, next.id)).state).toBe('succeeded');
    expect((await ended(system, queued.id)).started_at).toBeNull();
    expect((await ended(system, running[0]?.id ?? '')).state).toBe('canceled');
  });

  it('is refused for a task that has ended', async () => {
    const { id } = await submit(system, 'model_b', { value: 4, delay_seconds: 0 });
    await ended(system, id);

    const response = await cancel(id);

    expect(response.status).toBe(409);
    expect((await response.json()) as ProblemBody).toMatchObject({ type: '/problems/task-ended' });
    expect((await ended(system, id)).state).toBe('succeeded');
  });
});

it('tells how the tasks of a model ended', async () => {
  await post(system, '/predict/model_a', { data: 'counted' });
  interface Stats {
    readonly total: { readonly succeeded: number; readonly run_ms: { readonly p50: number } | null };
  }
  let stats: Stats | undefined;
  while (!stats?.total.succeeded) {
    await sleep(100);
    stats = (await (await system.fetch('/models/model_a/stats?minutes=2')).json()) as Stats;
  }

  expect(stats.total).toMatchObject({ succeeded: 1, failed: 0, run_ms: { p99: expect.any(Number) } });
});

it('runs a failed task again, and keeps its history', async () => {
  const { id } = await submit(system, 'model_b', { value: 5, delay_seconds: -1 });
  const first = await ended(system, id);

  const response = await post(system, `/tasks/${id}/retry`, '');

  expect([first.state, response.status]).toEqual(['failed', 202]);
  expect((await ended(system, id)).error?.code).toBe('invalid_input');
  const { events } = (await (await system.fetch(`/tasks/${id}/history`)).json()) as { readonly events: unknown[] };
  const attempt = { event: 'attempt', instance: 'model_b-1', outcome: 'failed', error: { code: 'invalid_input' } };
  expect(events).toMatchObject([{ event: 'submitted' }, attempt, { event: 'retried', by: 'local' }, attempt]);
});

it('gives the request of a task that has succeeded, failed, or has a large request', async () => {
  const requests = [
    ['model_a', { data: 'asked', messages: [] }],
    ['model_a', { data: 'x'.repeat(300_000), messages: [] }],
    ['model_b', { value: 5, delay_seconds: -1 }],
  ] as const;
  for (const [model, request] of requests) {
    const { id } = await submit(system, model, request);
    await ended(system, id);

    expect(await json<{ readonly request: unknown }>(`/tasks/${id}/history?request=true`)).toMatchObject({ request });
  }
});

it('runs what is valid of a batch, and answers in its order', async () => {
  const requests = Array.from({ length: 40 }, (_, value) =>
    value % 2 === 0 ? { value, delay_seconds: 0 } : { valu: value },
  );
  const submitted = await post(system, '/models/model_b/batches', JSON.stringify(requests));
  const { id, items } = (await submitted.json()) as { readonly id: string; readonly items: readonly object[] };
  const first = Number(items.findIndex((item) => 'task_id' in item));

  let counts: { readonly completed: boolean } | undefined;
  while (!counts?.completed) {
    await sleep(100);
    counts = (await (await system.fetch(`/batches/${id}`)).json()) as { readonly completed: boolean };
  }
  const results = await system.fetch(`/batches/${id}/results`);
  const lines = (await results.text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

  expect([submitted.status, first]).toEqual([202, 0]);
  expect(counts).toMatchObject({ total: 40, counts: { succeeded: 20, refused: 20 } });
  expect(lines.map(({ index, state }) => [index, state])).toEqual(
    requests.map((_, index) => [index, index % 2 === 0 ? 'succeeded' : 'refused']),
  );
});

interface Letter {
  readonly id: string;
  readonly request?: unknown;
  readonly history?: readonly object[];
}

it('lists a task that was given up, shows its request, and runs it again for an operator', async () => {
  const request = { value: 6, delay_seconds: 300 };
  const { id } = await submit(system, 'model_b', request, { 'Task-Timeout': '1' });
  expect(await ended(system, id)).toMatchObject({ state: 'failed', attempts: 3, error: { code: 'timeout' } });

  const { dead_letters: letters } = await json<{ readonly dead_letters: readonly Letter[] }>(
    '/models/model_b/dead-letters',
  );
  const letter = await json<Letter>(`/models/model_b/dead-letters/${id}`);
  const redrive = await post(system, '/models/model_b/dead-letters/redrive', { ids: [id] });
  const answer = await redrive.json();
  const { events } = await json<{ readonly events: readonly object[] }>(`/tasks/${id}/history`);
  await cancel(id);

  expect(letters.map((one) => one.id)).toContain(id);
  const attempts = [1, 2, 3].map((attempt) => ({ event: 'attempt', attempt, error: { code: 'timeout' } }));
  const before = [{ event: 'submitted' }, ...attempts, { event: 'gave_up' }];
  expect(letter).toMatchObject({ id, request, history: before });
  expect([redrive.status, answer]).toEqual([202, { redriven: [id], refused: [] }]);
  expect(events.slice(0, before.length + 1)).toMatchObject([...before, { event: 'redriven', by: expect.any(String) }]);
  expect((await system.fetch(`/models/model_b/dead-letters/${id}`)).status).toBe(404);
});

interface SeenEvent {
  readonly id: string;
  readonly event: string;
  readonly data: { readonly state?: string; readonly fraction?: number };
}

/** Reads the first event after the last one that was seen, and disconnects. Undefined: there are no more. */
async function nextEvent(id: string, last: string | undefined): Promise<SeenEvent | undefined> {
  const gone = new AbortController();
  const headers = { Prefer: 'wait=5', ...(last === undefined ? {} : { 'Last-Event-ID': last }) };
  const answer = await system.fetch(`/tasks/${id}/events`, { headers, signal: gone.signal });
  if (answer.status === 204) return undefined;
  expect(answer.headers.get('content-type')).toBe('text/event-stream');
  let received = '';
  try {
    for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      received += chunk;
      const [, eventId = '', event = '', data = ''] = /^id: (.+)\nevent: (.+)\ndata: (.+)\n\n/m.exec(received) ?? [];
      if (eventId !== '') return { id: eventId, event, data: JSON.parse(data) };
    }
  } finally {
    gone.abort();
  }
  return nextEvent(id, last);
}

it('tells every event to a client that disconnects after each of them', async () => {
  const { id } = await submit(system, 'model_b', { value: 7, delay_seconds: 4 });

  const seen: SeenEvent[] = [];
  for (;;) {
    const event = await nextEvent(id, seen.at(-1)?.id);
    if (!event) break;
    seen.push(event);
  }

  const states = seen.flatMap(({ event, data }) => (event === 'state' ? [data.state] : []));
  const fractions = seen.flatMap(({ event, data }) => (event === 'progress' ? [data.fraction] : []));
  expect(states).toEqual(['queued', 'running', 'succeeded']);
  expect(fractions.length).toBeGreaterThan(0);
  expect(fractions).toEqual(fractions.toSorted((a = 0, b = 0) => a - b));
  expect(new Set(seen.map((event) => event.id)).size).toBe(seen.length);
  expect(seen.at(-1)?.data.state).toBe('succeeded');
});

it('sends a signed webhook when a task has ended, lists it, and sends it again', async () => {
  const received: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = [];
  const receiver = createServer(async (request, response) => {
    received.push({ headers: request.headers, body: await text(request) });
    response.writeHead(204).end();
  });
  onTestFinished(() => void receiver.close());
  const url = `${await listenOnFreePort(receiver)}/hook`;
  const { secret } = await json<{ readonly secret: string }>('/users/me/webhook-secret');
  const untilDelivered = (count: number) =>
    vi.waitFor(
      async () => {
        const { deliveries } = await json<{ readonly deliveries: readonly object[] }>(`/tasks/${id}/deliveries`);
        const attempts = Array.from({ length: count }, () => ({ status: 204 }));
        expect(deliveries).toMatchObject([{ event: 'task.succeeded', state: 'delivered', attempts }]);
      },
      { timeout: 60_000, interval: 200 },
    );

  const { id } = await submit(system, 'model_a', { data: 'hooked' }, { 'Webhook-Url': url });
  await untilDelivered(1);
  expect((await post(system, `/tasks/${id}/redeliver`, '')).status).toBe(202);
  await untilDelivered(2);

  const webhook = new Webhook(secret);
  const told = received.map(({ headers, body }) => webhook.verify(body, headers as Record<string, string>));
  expect(told).toMatchObject(Array.from({ length: 2 }, () => ({ id, type: 'task.succeeded', state: 'succeeded' })));
  expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
});
