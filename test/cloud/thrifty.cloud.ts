import { beforeAll, describe, expect, it } from 'vitest';
import { ModelARequest, ModelAResponse } from '#proto/models/model_a.ts';
import { type ProblemBody, post as send, type TaskBody } from '#test/support/api-client.ts';
import { EmbeddedSystem as DeployedSystem } from '#test/support/deployed-system.ts';
import { addUser, bearer, login, users } from './deployed-users.ts';

const PROTOBUF = 'application/x-protobuf';
const gateway = new DeployedSystem(process.env.MODELYARD_E2E_THRIFTY_URL ?? '');
const submitUrl = new DeployedSystem(process.env.MODELYARD_E2E_SUBMIT_URL ?? '');

let token: string;
beforeAll(async () => {
  token = (await login(gateway, await addUser('thrifty', 'user'))).access_token;
});

const post: typeof send = (system, path, body, headers = {}) =>
  send(system, path, body, { ...bearer(token), ...headers });

const get = (path: string, init: RequestInit = {}) =>
  gateway.fetch(path, { ...init, headers: { ...bearer(token), ...(init.headers as Record<string, string>) } });

describe.each([
  ['an HTTP API', gateway],
  ['the URL of the submit handler', submitUrl],
])('%s', (_, system) => {
  it('predicts', async () => {
    const response = await post(system, '/predict/model_a', { data: 'example' });

    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      state: 'succeeded',
      result: { message: 'Processed message: example' },
    });
  });

  it.each<Record<string, string>>([{}, { Authorization: 'Bearer nobody' }])(
    'answers 401 to whom it does not know: %o',
    async (headers) => {
      const response = await send(system, '/predict/model_a', { data: 'example' }, headers);

      expect(response.status).toBe(401);
      if (headers.Authorization) expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
    },
  );

  it('reads protobuf', async () => {
    const response = await post(system, '/predict/model_a', ModelARequest.encode({ data: 'bytes \u0000\uffff' }), {
      'Content-Type': PROTOBUF,
    });

    expect(((await response.json()) as TaskBody).result).toMatchObject({
      message: 'Processed message: bytes \u0000\uffff',
    });
  });

  it('accepts a task that is found through the gateway', async () => {
    const submitted = await post(
      system,
      '/models/model_a/tasks',
      { data: 'later' },
      { 'Idempotency-Key': crypto.randomUUID() },
    );
    const { id } = (await submitted.json()) as TaskBody;

    const answer = await get(`/tasks/${id}`, { headers: { Prefer: 'wait=20' } });
    const bytes = await get(`/models/model_a/result?task_id=${id}`, { headers: { Accept: PROTOBUF } });

    expect([submitted.status, submitted.headers.get('location')]).toEqual([202, `/tasks/${id}`]);
    expect(((await answer.json()) as TaskBody).state).toBe('succeeded');
    expect(ModelAResponse.decode(new Uint8Array(await bytes.arrayBuffer())).message).toBe('Processed message: later');
  });

  it.each([
    ['/predict/unheard_of', { data: 'x' }, 404, '/problems/model-not-found'],
    ['/predict/model_a', { date: 'x' }, 422, '/problems/invalid-input'],
    ['/predict/model_a', '{', 400, '/problems/unreadable-body'],
    ['/nowhere', {}, 404, '/problems/route-not-found'],
  ])('refuses what is wrong with %s, %o: %i', async (path, body, status, type) => {
    const response = await post(system, path, body);

    expect(response.status).toBe(status);
    expect(((await response.json()) as ProblemBody).type).toBe(type);
  });
});

describe('a user of the URL of the submit handler', () => {
  const ask = (path: string, bearerToken: string, init: RequestInit = {}) =>
    gateway.fetch(path, { ...init, headers: bearer(bearerToken) });

  it('has exact limits of tasks and a call log, and is deleted by the command alone', async () => {
    const user = await addUser('thrifty', 'user');
    await users('thrifty', 'limits', user.name, 'tasks_per_day=1');
    const { access_token } = await login(gateway, user);
    const { id } = (await (await ask('/users/me', access_token)).json()) as { readonly id: string };
    const admin = (await login(gateway, await addUser('thrifty', 'admin'))).access_token;
    const predict = () => send(submitUrl, '/predict/model_a', { data: 'once' }, bearer(access_token));

    const [first, second] = [await predict(), await predict()];

    expect([first.status, second.status]).toEqual([200, 429]);
    expect(Number(second.headers.get('retry-after'))).toBeGreaterThan(0);
    const task = ((await first.json()) as TaskBody).id;
    const listed = async () => {
      const answer = await ask(`/calls?user=${id}&model=model_a`, admin);
      return ((await answer.json()) as { readonly calls: readonly { readonly status: number }[] }).calls;
    };
    await expect
      .poll(async () => (await listed()).map(({ status }) => status).toSorted(), { timeout: 30_000, interval: 500 })
      .toEqual([200, 429]);

    const refused = await ask(`/users/${id}`, admin, { method: 'DELETE' });
    const deleted = await users('thrifty', 'delete', user.name);

    expect([refused.status, deleted]).toEqual([403, expect.stringMatching(`^Deleted ${user.name}\\.`)]);
    expect(await listed()).toEqual([]);
    // This stage keeps no lists, so the task stays until it expires. Nobody can ask for it.
    expect((await ask(`/tasks/${task}`, admin)).status).toBe(404);
  });
});

describe('an HTTP API', () => {
  it('lets nobody register, and administrators change nobody, while registration is closed', async () => {
    const registered = await send(gateway, '/register', { username: 'stranger', password: 'a long sentence' });
    const admin = await login(gateway, await addUser('thrifty', 'admin'));
    const { id } = (await (await get('/users/me')).json()) as { readonly id: string };
    const changed = await gateway.fetch(`/users/${id}`, {
      ...{ method: 'PATCH', body: '{"role":"admin"}' },
      headers: { ...bearer(admin.access_token), 'Content-Type': 'application/json' },
    });

    expect([registered.status, changed.status]).toEqual([403, 403]);
  });

  it('keeps no lists of tasks, and says so', async () => {
    const response = await get('/tasks');

    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
  });

  it('says what can be used instead of another method, and answers HEAD as GET', async () => {
    const refused = await get('/models/model_a', { method: 'DELETE' });
    const head = await get('/models/model_a', { method: 'HEAD' });

    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, PATCH, HEAD, OPTIONS']);
    expect([head.status, await head.text()]).toEqual([200, '']);
  });
});
