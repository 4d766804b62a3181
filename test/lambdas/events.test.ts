import { describe, expect, it } from 'vitest';
import type { TaskProgress } from '#core';
import { createHandler } from '#lambdas/get-task/handler.ts';
import { ModelBResponse } from '#proto/models/model_b.ts';
import { CONTRACT } from '#test/support/model-b.ts';
import { aStart } from '#test/support/tasks.ts';
import { call, createTestApi, stored, submitted, succeeded, type TestApi } from './api-harness.ts';

interface Received {
  readonly id: string;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

async function events(api: TestApi, id: string, lastId?: string, caller?: string) {
  const answer = await call(createHandler(api), {
    route: '/tasks/{id}/events',
    params: { id },
    headers: { Prefer: 'wait=0', ...(lastId === undefined ? {} : { 'Last-Event-ID': lastId }) },
    ...(caller === undefined ? {} : { caller }),
  });
  const blocks = answer.body.split('\n\n').filter((block) => block.startsWith('id: '));
  const received = blocks.map((block): Received => {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
    return { id: field('id'), event: field('event'), data: JSON.parse(field('data')) };
  });
  return { ...answer, received };
}

const PART = Buffer.from(ModelBResponse.encode({ value: 5 })).toString('base64');
const told = (count: number): TaskProgress => ({
  ...{ fraction: 0.5, message: 'Halfway.', at: 2000, contractHash: CONTRACT.hash, count, older: [] },
  recent: Array.from({ length: count }, (_, at) =>
    at % 2 === 0
      ? { seq: at + 1, at: 2000, attempt: 1, fraction: 0.5, message: 'Halfway.' }
      : { seq: at + 1, at: 2000, attempt: 1, response: PART },
  ),
});
const progressed = (count: number) =>
  ({ type: 'progressed', fence: 1, attempts: 1, at: 2000, progress: told(count) }) as const;

describe('GET /tasks/{id}/events without streams', () => {
  it('answers with what happened since the last event, and with nothing twice', async () => {
    const api = createTestApi();
    const id = await submitted(api);
    const first = await events(api, id);
    await api.platform.tasks.apply(id, aStart);
    await api.platform.tasks.apply(id, progressed(1));
    const second = await events(api, id, first.received.at(-1)?.id);
    await api.platform.tasks.apply(id, progressed(2));
    await api.platform.tasks.apply(id, succeeded(Date.now()));
    const third = await events(api, id, second.received.at(-1)?.id);
    const all = await events(api, id);

    expect(first.headers['Content-Type']).toBe('text/event-stream');
    const named = [first, second, third].map(({ received }) => received.map(({ event, data }) => [event, data.state]));
    expect(named).toEqual([
      [['state', 'queued']],
      [
        ['state', 'running'],
        ['progress', undefined],
      ],
      [
        ['partial', undefined],
        ['state', 'succeeded'],
      ],
    ]);
    expect(all.received.map((one) => one.id)).toEqual(
      [first, second, third].flatMap((a) => a.received.map((e) => e.id)),
    );
    expect(all.received.map(({ event }) => event)).toEqual(['state', 'state', 'progress', 'partial', 'state']);
    expect(all.received[3]?.data).toMatchObject({ result: { value: 5 }, attempt: 1 });
    expect(all.received[4]?.data).toMatchObject({ result: { value: 7 }, progress: { fraction: 0.5 } });
  });

  it('misses nothing from any position', async () => {
    const api = createTestApi();
    const id = await submitted(api);
    await api.platform.tasks.apply(id, aStart);
    await api.platform.tasks.apply(id, progressed(7));
    await api.platform.tasks.apply(id, succeeded(Date.now()));
    const all = (await events(api, id)).received;

    for (const [at, { id: lastId }] of all.slice(0, -1).entries()) {
      expect((await events(api, id, lastId)).received).toEqual(all.slice(at + 1));
    }
  });

  it('has nothing more for who has seen the end, until the task is retried', async () => {
    const api = createTestApi();
    const id = await submitted(api);
    const { platform } = api;
    const error = { code: 'model_error', message: 'It broke.', retryable: true };
    await platform.tasks.apply(id, aStart);
    await platform.tasks.apply(id, progressed(2));
    const failed = { type: 'failed', fence: 1, attempts: 1, startedAt: 1, at: 3, error } as const;
    await platform.tasks.apply(id, { ...failed, envelope: Uint8Array.of(1) });
    const last = (await events(api, id)).received.at(-1);
    const again = await events(api, id, last?.id);
    const { deadlineAt } = await stored(api, id);
    const envelope = Uint8Array.of(1);
    await platform.tasks.apply(id, { type: 'retried', at: 4, by: 'local', round: 1, deadlineAt, envelope });
    const after = await events(api, id, last?.id);

    expect([again.statusCode, again.body]).toEqual([204, '']);
    expect(after.received.map(({ event, data }) => [event, data.state ?? data.event])).toEqual([
      ['history', 'retried'],
      ['state', 'queued'],
    ]);
  });

  it('begins again after an id that the task has not reached', async () => {
    const api = createTestApi();
    const id = await submitted(api);
    await api.platform.tasks.apply(id, aStart);
    await api.platform.tasks.apply(id, progressed(2));
    const all = (await events(api, id)).received;
    const last = all.at(-1)?.id ?? '';

    for (const ahead of ['1.0.0.1', '0.9.2.2', '0.0.3.2', '0.0.2.3', '0.0.2.1000000', '999999999.0.0.0']) {
      expect([ahead, (await events(api, id, ahead)).received]).toEqual([ahead, all]);
    }
    expect([last, (await events(api, id, last)).received]).toEqual(['0.0.2.2', []]);
  });

  it('waits for the next event', async () => {
    const api = createTestApi();
    const id = await submitted(api);
    const [first] = (await events(api, id)).received;
    const headers = { 'Last-Event-ID': first?.id ?? '', Prefer: 'wait=20' };
    const waiting = call(createHandler(api), { route: '/tasks/{id}/events', params: { id }, headers });
    await api.platform.tasks.apply(id, aStart);

    expect((await waiting).body).toContain('"state":"running"');
  });

  it('refuses another owner, an id that is none, and another type', async () => {
    const api = createTestApi();
    const id = await submitted(api);
    const other = await events(api, id, undefined, 'another');
    const wrong = await events(api, id, 'x.y');
    const headers = { Accept: 'application/json' };
    const type = await call(createHandler(api), { route: '/tasks/{id}/events', params: { id }, headers });

    expect([other, wrong, type].map(({ statusCode }) => statusCode)).toEqual([404, 400, 406]);
  });

  it('answers with a part of a long progress, and the rest comes after it', async () => {
    const api = createTestApi();
    const id = await submitted(api);
    await api.platform.tasks.apply(id, aStart);
    const message = 'x'.repeat(200_000);
    const older = Array.from({ length: 4 }, (_, at) => {
      const bytes = Buffer.from(JSON.stringify([{ seq: at + 1, at: 2000, attempt: 1, fraction: 0.5, message }]));
      return { bytes, key: `results/${id}/told-${at}`, size: bytes.byteLength, last: at + 1 };
    });
    for (const { key, bytes } of older) await api.platform.blobs.put(key, bytes);
    const progress = { ...told(0), count: 4, older: older.map(({ key, size, last }) => ({ key, size, last })) };
    await api.platform.tasks.apply(id, { ...progressed(0), progress });
    await api.platform.tasks.apply(id, succeeded(Date.now()));

    const names: string[][] = [];
    let lastId: string | undefined;
    for (let answers = 0; answers < 4; answers++) {
      const { received } = await events(api, id, lastId);
      names.push(received.map(({ event }) => event));
      lastId = received.at(-1)?.id;
    }

    expect(names).toEqual([['state', 'state', 'progress'], ['progress'], ['progress'], ['progress', 'state']]);
  });
});
