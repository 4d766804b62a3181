import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ModelARequest, ModelAResponse } from '#proto/models/model_a.ts';
import { ended, type ProblemBody, post, submit, type TaskBody } from '#test/support/api-client.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const PROTOBUF = 'application/x-protobuf';

let system: EmbeddedSystem;
beforeAll(async () => {
  system = await EmbeddedSystem.start();
});
afterAll(() => system[Symbol.asyncDispose]());

/** Runs a curl command as it stands in the README, against this system. */
async function curl(command: string): Promise<unknown> {
  const { stdout } = await promisify(execFile)('sh', ['-c', command.replace('http://localhost:8000', system.url)]);
  return JSON.parse(stdout);
}

async function problem(response: Response): Promise<ProblemBody> {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(response.headers.get('x-request-id')).toBeTruthy();
  return (await response.json()) as ProblemBody;
}

describe('the first requests that a person types', () => {
  it('get the text processed', async () => {
    const task = await curl(
      `curl -sS -X POST http://localhost:8000/predict/model_a -H "Content-Type: application/json" -d '{"data": "example"}'`,
    );

    expect(task).toMatchObject({
      id: expect.stringMatching(UUID_V7),
      model: 'model_a',
      state: 'succeeded',
      attempts: 1,
      result: { message: 'Processed message: example' },
      error: null,
    });
  });

  it('get the growth estimated', async () => {
    const task = (await curl(
      `curl -sS -X POST http://localhost:8000/predict/gdp_growth_rate -H "Content-Type: application/json" \\
        -d '{"gdp_per_capita": 50000, "unemployment_rate": 5.2, "gdp_growth_rate_lag": 2.1, "gdp_growth_rate_ma": 2.3}'`,
    )) as TaskBody;

    expect(task.state).toBe('succeeded');
    expect(task.result?.variant).toBe('LinearRegression');
    expect(Math.abs(Number(task.result?.growth_percent))).toBeLessThan(20);
  });
});

describe('a prediction', () => {
  it('travels as protobuf both ways', async () => {
    const body = ModelARequest.encode({ data: 'bytes' }) as Uint8Array<ArrayBuffer>;

    const submitted = await post(system, '/predict/model_a', body, { 'Content-Type': PROTOBUF });
    const { id } = (await submitted.json()) as TaskBody;
    const result = await system.fetch(`/models/model_a/result?task_id=${id}`, { headers: { Accept: PROTOBUF } });

    expect(submitted.status).toBe(200);
    expect(result.headers.get('content-type')).toBe(PROTOBUF);
    expect(ModelAResponse.decode(await result.bytes())).toEqual({ message: 'Processed message: bytes' });
  });

  it('is answered by where to find it when the caller does not wait', async () => {
    const response = await post(system, '/predict/model_b', { value: 7, delay_seconds: 0.5 }, { Prefer: 'wait=0' });
    const task = (await response.json()) as TaskBody;
    const location = response.headers.get('location');
    const early = await system.fetch(`/models/model_b/result?task_id=${task.id}`);
    const late = await system.fetch(String(location), { headers: { Prefer: 'wait=10' } });

    expect(response.status).toBe(202);
    expect(response.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(location).toBe(`/tasks/${task.id}`);
    expect(early.status).toBe(202);
    expect(late.headers.get('preference-applied')).toBe('wait=10');
    expect(await late.json()).toMatchObject({ state: 'succeeded', result: { value: 7 } });
  });

  it('with an Idempotency-Key runs once, and its key is refused for another body', async () => {
    const headers = { 'Idempotency-Key': 'order-4711' };

    const first = await submit(system, 'model_a', { data: 'once' }, headers);
    await ended(system, first.id);
    const again = await submit(system, 'model_a', { data: 'once' }, headers);
    const other = await post(system, '/models/model_a/tasks', { data: 'twice' }, headers);

    expect(again).toMatchObject({ id: first.id, state: 'succeeded' });
    expect(other.status).toBe(422);
    expect(await problem(other)).toMatchObject({ type: '/problems/idempotency-conflict' });
  });

  it('above the size that travels inline comes back whole', async () => {
    const data = 'x'.repeat(300_000);

    const response = await post(system, '/predict/model_a', { data });

    expect(await response.json()).toMatchObject({ result: { message: `Processed message: ${data}` } });
  });

  it('that the model refuses ends as failed, and its result is a problem', async () => {
    const task = await submit(system, 'model_b', { value: 1, delay_seconds: 601 });
    const { state, error, attempts } = await ended(system, task.id);
    const result = await system.fetch(`/models/model_b/result?task_id=${task.id}`);

    expect({ state, attempts }).toEqual({ state: 'failed', attempts: 1 });
    expect(error).toMatchObject({ code: 'invalid_input', message: 'delay_seconds must be from 0 to 600.' });
    expect(result.status).toBe(422);
    expect(await problem(result)).toMatchObject({ type: '/problems/invalid-input' });
  });
});

describe('a request that cannot be taken', () => {
  it.each([
    ['an unknown model', '/predict/model_z', { data: 'x' }, {}, 404],
    ['an unknown address', '/predictions', {}, {}, 404],
    ['a type of body that is not offered', '/predict/model_a', 'data: x', { 'Content-Type': 'application/yaml' }, 415],
    ['a type of answer that is not offered', '/predict/model_a', {}, { Accept: 'text/html' }, 406],
    ['a body that breaks off', '/predict/model_a', '{"data": "exa', {}, 400],
    ['bytes that do not decode', '/predict/model_a', Uint8Array.of(255, 255), { 'Content-Type': PROTOBUF }, 400],
  ])('because of %s is told so', async (_, path, body, headers: Record<string, string>, status) => {
    const response = await post(system, path, body, headers);

    expect(response.status).toBe(status);
    expect(await problem(response)).toMatchObject({ status, detail: expect.stringMatching(/^[A-Z].*\.$/) });
  });

  it('because it is too large is refused', async () => {
    const response = await post(system, '/predict/model_a', `{"data": "${'x'.repeat(10 * 1024 * 1024)}"}`);

    expect(response.status).toBe(413);
    await problem(response);
  });

  it('because it cannot be read is told where it broke', async () => {
    const response = await post(system, '/predict/model_a', '{\n  "data": oops\n}');

    expect(response.status).toBe(400);
    expect((await problem(response)).detail).toMatch(/line 2.*column 11/i);
  });

  it.each([
    ['model_a', { dat: 'x' }, '/dat'],
    ['model_a', { data: 7 }, '/data'],
    ['model_a', { messages: [{ text: 'a' }, { text: true }] }, '/messages/1/text'],
    ['model_b', { value: 2_147_483_648 }, '/value'],
    ['model_b', { value: 'NaN' }, '/value'],
    ['model_b', { value: 1.5 }, '/value'],
  ])('to %s with %j points at the culprit', async (model, body, pointer) => {
    const response = await post(system, `/predict/${model}`, body);

    expect(response.status).toBe(422);
    expect((await problem(response)).errors?.map((error) => error.pointer)).toContain(pointer);
  });

  it('names everything that is wrong with it', async () => {
    const response = await post(system, '/predict/model_a', { dat: 'x', context: { locale: 1 } });

    const { errors = [] } = await problem(response);
    expect(errors.map(({ pointer }) => pointer).toSorted()).toEqual(['/context/locale', '/dat']);
  });
});

describe('what can be listed', () => {
  it('are my tasks, newest first, page by page', async () => {
    const ids: string[] = [];
    for (const data of ['a', 'b', 'c']) ids.unshift((await submit(system, 'model_a', { data })).id);
    await Promise.all(ids.map((id) => ended(system, id)));

    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = `/tasks?model=model_a&limit=2${cursor === null ? '' : `&cursor=${cursor}`}`;
      const page = (await (await system.fetch(query)).json()) as { tasks: TaskBody[]; next_cursor: string | null };
      seen.push(...page.tasks.map(({ id }) => id));
      cursor = page.next_cursor;
    } while (cursor !== null);

    expect(seen.slice(0, 3)).toEqual(ids);
    expect(new Set(seen).size).toBe(seen.length);
  });

  it('are the models that are alive', async () => {
    const response = await system.fetch('/models');

    const { models } = (await response.json()) as { models: { name: string }[] };
    expect(models).toEqual([
      expect.objectContaining({ name: 'gdp_growth_rate', live_instances: 1 }),
      expect.objectContaining({ name: 'model_a', request_message: 'models.model_a.ModelARequest' }),
      expect.objectContaining({ name: 'model_b', response_message: 'models.model_b.ModelBResponse' }),
    ]);
  });
});
