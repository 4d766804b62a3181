import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createJsonLog } from '#gateway/log-event.ts';
import { useDataFolders } from '#test/support/data-folder.ts';
import { registerModelB } from '#test/support/model-b.ts';
import { PASSWORD, startGateway } from './access-harness.ts';

const USERS = 100;
const ROUNDS = 3;
const folders = useDataFolders();

describe.each(['memory', 'sqlite'] as const)(`${USERS} users at once on %s`, { timeout: 120_000 }, (kind) => {
  it('see their own tasks, lists and keys, and nothing of the others', async () => {
    const gateway = await startGateway(kind === 'memory' ? {} : { platform: await folders.open() });
    const { ask, add, login } = gateway;
    await registerModelB(gateway.platform);
    const names = Array.from({ length: USERS }, (_, index) => `user.${index}`);
    const users = await Promise.all(names.map((name) => add(name)));
    // One after the other: so many logins from one address have to wait.
    const tokens: string[] = [];
    for (const name of names) tokens.push(await login(name));
    const submitted = new Map<string, string>();
    const wrong: string[] = [];

    await Promise.all(
      users.map(async ({ id: owner }, index) => {
        const token = tokens[index];
        for (let round = 0; round < ROUNDS; round++) {
          // The same key for everybody: it belongs to whom it is sent by.
          const headers = { 'Idempotency-Key': `round-${round}` };
          const { json } = await ask('/models/model_b/tasks', { token, body: { value: 1 }, headers });
          if (submitted.has(json.id)) wrong.push(`${owner} got the task ${json.id} of ${submitted.get(json.id)}`);
          submitted.set(json.id, owner);
          const foreign = [...submitted].find(([, other]) => other !== owner)?.[0];
          const [own, other, me] = await Promise.all([
            ask(`/tasks/${json.id}`, { token }),
            foreign === undefined ? undefined : ask(`/tasks/${foreign}`, { token }),
            ask('/users/me', { token }),
          ]);
          if (own.status !== 200 || me.json.id !== owner) wrong.push(`${owner} was ${me.json.id}, ${own.status}`);
          if (other && other.status !== 404) wrong.push(`${owner} read a foreign task: ${other.status}`);
        }
        await ask('/users/me/keys', { token, body: { name: `of ${owner}` } });
        const [tasks, keys] = await Promise.all([ask('/tasks?limit=100', { token }), ask('/users/me/keys', { token })]);
        const listed: { readonly id: string }[] = tasks.json.tasks;
        if (listed.length !== ROUNDS) wrong.push(`${owner} has ${listed.length} tasks`);
        for (const { id } of listed) if (submitted.get(id) !== owner) wrong.push(`${owner} lists ${id}`);
        if (keys.json.keys.length !== 1 || keys.json.keys[0].name !== `of ${owner}`) wrong.push(`${owner}: keys`);
      }),
    );

    expect(wrong).toEqual([]);
    expect(submitted.size).toBe(USERS * ROUNDS);
  });
});

describe('what a gateway logs and answers', () => {
  it('has no password, token, key or hash in it, whatever fails', async () => {
    let output = '';
    const stream = new Writable({
      write(chunk, _, done) {
        output += chunk;
        done();
      },
    });
    const gateway = await startGateway({ logger: createJsonLog('gateway', stream) });
    const { ask, add, login, platform } = gateway;
    await add('ann');
    const answers: string[] = [];
    const tell = async (path: string, asked: Parameters<typeof ask>[1]) => {
      const answer = await ask(path, asked);
      answers.push(answer.text);
      return answer;
    };

    const session = await ask('/login', { body: { username: 'ann', password: PASSWORD } });
    const { access_token: token, refresh_token: refresh } = session.json;
    const key: string = (await ask('/users/me/keys', { token, body: { name: 'ci' } })).json.key;
    const secrets = [PASSWORD, token, refresh, key, key.slice(45, 88), `${PASSWORD} too`];
    await tell('/register', { body: { username: 'ann', password: PASSWORD } });
    await tell('/login', { body: { username: 'ann', password: `${PASSWORD} too` } });
    await tell('/login', {
      body: `{"username": "ann", "password": "${PASSWORD}"`,
      headers: { 'Content-Type': 'application/json' },
    });
    await tell('/login', { body: { username: 'ann', password: { $ne: PASSWORD } } });
    await tell('/login/refresh', { body: { refresh_token: `${refresh}x` } });
    for (const secret of [`${token}x`, `${key}x`, token, key])
      await tell(`/tasks/${secret.slice(0, 20)}`, { token: secret });
    platform.users.get = () => Promise.reject(new Error('The store broke.'));
    platform.users.findByName = platform.users.get;
    await tell('/login', { body: { username: 'ann', password: PASSWORD } });
    await tell('/users/me/keys', { token: await login('ann').catch(() => token) });

    const hash = /\$scrypt\$/;
    for (const secret of secrets) expect(`${output}${answers.join()}`).not.toContain(secret);
    expect(`${output}${answers.join()}`).not.toMatch(hash);
    expect(output).toContain('The store broke.');
    expect(answers.join()).not.toContain('The store broke.');
  });

  it('says how browsers have to treat it', async () => {
    const { ask, add, login } = await startGateway();
    await add('ann');
    const token = await login('ann');

    const own = await Promise.all(['/tasks', '/users/me', '/tasks/x'].map((path) => ask(path, { token })));
    const open = await Promise.all(['/healthz', '/docs', '/nothing', '/tasks'].map((path) => ask(path)));

    for (const { headers } of own) expect(headers.get('cache-control')).toBe('no-store');
    for (const { headers } of [...own, ...open]) expect(headers.get('x-content-type-options')).toBe('nosniff');
  });
});
