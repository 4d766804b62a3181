import { expect, it, onTestFinished } from 'vitest';
import { createMemoryPlatform } from '#platform/memory.ts';
import { registerModelB } from '#test/support/model-b.ts';
import { startGateway } from './access-harness.ts';

type MemoryPlatform = ReturnType<typeof createMemoryPlatform>;

/** Two gateways of one system, with an admin and a user. */
async function startGateways() {
  const platform = createMemoryPlatform({ pollMs: 100 });
  onTestFinished(() => platform.close());
  const gateways = [await startGateway({ platform }), await startGateway({ platform })] as const;
  const [one] = gateways;
  await registerModelB(platform);
  const [ann] = [await one.add('ann'), await one.add('root', 'admin')];
  const root = await one.login('root');
  const limit = (limits: unknown) => one.ask(`/users/${ann.id}`, { method: 'PATCH', token: root, body: { limits } });
  /** With the limits as they are now. */
  const tokens = () => Promise.all([one.login('ann'), gateways[1].login('ann')]);
  return { platform, gateways, limit, tokens, root, ann };
}

it('a user who sends too many requests is refused by every gateway, and told when to come again', async () => {
  const { gateways, limit, tokens, root } = await startGateways();
  const changed = await limit({ requests_per_second: 1, burst: 10 });
  const [ofOne = '', ofOther = ''] = await tokens();
  const startedAt = Date.now();

  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, at) =>
      at % 2 === 0 ? gateways[0].ask('/users/me', { token: ofOne }) : gateways[1].ask('/users/me', { token: ofOther }),
    ),
  );
  const passed = answers.filter(({ status }) => status === 200);
  const refused = answers.filter(({ status }) => status === 429);
  const seconds = Math.ceil((Date.now() - startedAt) / 1000);

  expect(changed.json.limits).toMatchObject({ requests_per_second: 1, burst: 10, tasks_waiting: 1000 });
  expect(passed[0]?.json.limits).toEqual(changed.json.limits);
  expect(passed.length).toBeGreaterThanOrEqual(5);
  expect(passed.length).toBeLessThanOrEqual(10 + seconds);
  expect(passed.length + refused.length).toBe(40);
  expect(refused[0]?.json).toMatchObject({ type: '/problems/too-many-requests' });
  expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect(refused[0]?.headers.get('ratelimit')).toMatch(/^"requests";r=0;t=\d+$/);
  expect(refused[0]?.headers.get('ratelimit-policy')).toBe('"requests";q=10;w=10');
  const others = await Promise.all(Array.from({ length: 40 }, () => gateways[0].ask('/users/me', { token: root })));
  expect(new Set(others.map(({ status }) => status))).toEqual(new Set([200]));
});

it('a user has exactly as many tasks waiting and a day as allowed, over several gateways', async () => {
  const { platform, gateways, limit, tokens } = await startGateways();
  await limit({ tasks_waiting: 6, tasks_per_day: 9 });
  const [ofOne = '', ofOther = ''] = await tokens();
  const submit = (at: number, headers = {}) =>
    gateways[at % 2 === 0 ? 0 : 1].ask('/models/model_b/tasks', {
      ...{ token: at % 2 === 0 ? ofOne : ofOther, body: { value: at }, headers },
    });
  const statuses = (answers: readonly { readonly status: number }[]) => [
    answers.filter(({ status }) => status === 202).length,
    answers.filter(({ status }) => status === 429).length,
  ];

  const first = await Promise.all(Array.from({ length: 20 }, (_, at) => submit(at)));
  const accepted = first.filter(({ status }) => status === 202).map(({ json }) => json.id);
  for (const id of accepted.slice(0, 4)) await platform.tasks.apply(id, { type: 'canceled', at: Date.now() });
  const second = await Promise.all(Array.from({ length: 20 }, (_, at) => submit(at)));

  expect(statuses(first)).toEqual([6, 14]);
  expect(first.find(({ status }) => status === 429)?.headers.get('ratelimit-policy')).toBe('"tasks-waiting";q=6');
  // Of the four that may wait, three may be accepted today.
  expect(statuses(second)).toEqual([3, 17]);
  expect(second.map(({ headers }) => headers.get('ratelimit-policy'))).toContain('"tasks-per-day";q=9;w=86400');
});

it('a repeated submit counts once, and a refused body not at all', async () => {
  const { gateways, limit, tokens } = await startGateways();
  await limit({ tasks_per_day: 1 });
  const [token = ''] = await tokens();
  const submit = (body: unknown) =>
    gateways[0].ask('/models/model_b/tasks', { token, body, headers: { 'Idempotency-Key': 'k' } });

  const refused = await submit({ valu: 1 });
  const answers = [await submit({ value: 1 }), await submit({ value: 1 })];

  expect(refused.status).toBe(422);
  expect(answers.map(({ status }) => status)).toEqual([202, 202]);
  expect(answers[1]?.json.id).toBe(answers[0]?.json.id);
});

it('a retry waits like a new task, and is refused while too many do', async () => {
  const { platform, gateways, limit, tokens } = await startGateways();
  await limit({ tasks_waiting: 2 });
  const [token] = await tokens();
  const [{ ask }] = gateways;
  const submit = () => ask('/models/model_b/tasks', { token, body: { value: 1 } });
  const ids = await deadLetters(platform, 6, async () => (await submit()).json.id);

  const retries = await Promise.all(ids.map((id) => ask(`/tasks/${id}/retry`, { method: 'POST', token })));

  expect(retries.map(({ status }) => status).toSorted()).toEqual([202, 202, 429, 429, 429, 429]);
  expect((await submit()).status).toBe(429);
});

it('what an operator redrives waits like a new task, and no limit of the owner refuses it', async () => {
  const { platform, gateways, limit, tokens } = await startGateways();
  await limit({ tasks_waiting: 2, tasks_per_day: 4 });
  const [token] = await tokens();
  const [one, other] = gateways;
  const submit = () => one.ask('/models/model_b/tasks', { token, body: { value: 1 } });
  const ids = await deadLetters(platform, 3, async () => (await submit()).json.id);

  const root = await other.login('root');
  const { json } = await other.ask('/models/model_b/dead-letters/redrive', { token: root, body: { ids } });
  const full = await submit();
  for (const id of ids) await platform.tasks.apply(id, { type: 'canceled', at: platform.clock.now() + 1 });

  expect(json.redriven.toSorted()).toEqual(ids.toSorted());
  expect([full.status, full.headers.get('ratelimit-policy')]).toEqual([429, '"tasks-waiting";q=2']);
  // A redriven task is no other one of the day, so one more may be submitted today.
  expect((await submit()).status).toBe(202);
  expect((await submit()).headers.get('ratelimit-policy')).toBe('"tasks-per-day";q=4;w=86400');
});

/** Tasks that have come to their end as dead letters, one after the other. */
async function deadLetters(platform: MemoryPlatform, count: number, submit: () => Promise<string>) {
  const error = { code: 'model_error', message: 'It broke.', retryable: true };
  const consumer = platform.queues('model_b').consume({ leaseSeconds: 30, signal: new AbortController().signal });
  const ids: string[] = [];
  for (let at = 0; at < count; at++) {
    const id = await submit();
    const [delivery] = await consumer.receive(1);
    if (!delivery) throw new Error('No task came.');
    const gaveUp = { type: 'gave-up', attempts: 1, at: platform.clock.now(), error, envelope: delivery.body } as const;
    await platform.tasks.apply(id, gaveUp);
    ids.push(id);
  }
  return ids;
}

it('limits are changed by admins only, and only to what can be', async () => {
  const { gateways, limit, tokens, ann } = await startGateways();
  const [token] = await tokens();
  const [gateway] = gateways;

  const wrong = [{ burst: 0 }, { tasks_waiting: 1e9 }, { speed: 3 }, 7].map(limit);

  for (const answer of await Promise.all(wrong)) expect(answer.status).toBe(422);
  const own = await gateway.ask(`/users/${ann.id}`, { method: 'PATCH', token, body: { limits: { burst: 9 } } });
  expect(own.status).toBe(403);
  expect((await limit({ burst: null })).json.limits.burst).toBe(1000);
});
