import { Agent } from 'node:http';
import { parseArgs } from 'node:util';
import { type Answer, send } from '#test/support/http-answer.ts';
import { type Caller, findLeaks } from '#test/support/isolation.ts';

/*
 * `npm run prove:isolation` lets many users of a running system call it at once, and counts what one sees of another.
 * The system needs AUTH=jwt, open registration and model_a.
 */
const TEXT = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    url: { ...TEXT, default: 'http://localhost:8000' },
    users: { ...TEXT, default: '100' },
    calls: { ...TEXT, default: '500' },
  },
});
const URL_OF_SYSTEM = values.url.replace(/\/$/, '');
const PASSWORD = `a long sentence ${crypto.randomUUID()}`;
const agent = new Agent({ keepAlive: true });
const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function ask(path: string, body: unknown, token?: string): Promise<Answer['body']> {
  const given = token === undefined ? {} : { token };
  const answer = await send(agent, `${URL_OF_SYSTEM}${path}`, { body, ...given });
  if (answer.status >= 300) throw new Error(`${path} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** Registers a user, who logs in and creates a key. */
async function addCaller(): Promise<Caller> {
  const name = `u${crypto.randomUUID()}`;
  const { id = '' } = await ask('/register', { username: name, password: PASSWORD });
  const { access_token: token } = await ask('/login', { username: name, password: PASSWORD });
  const { key = '' } = await ask('/users/me/keys', { name: `of ${name}` }, token);
  return { id, name, key };
}

const callers: Caller[] = [];
while (callers.length < Number(values.users)) callers.push(await addCaller());
agent.destroy();
say(`${callers.length} users have keys. Each calls ${values.calls} times, all at once.`);
const startedAt = performance.now();
const { leaks, tasks, statuses } = await findLeaks(URL_OF_SYSTEM, callers, Number(values.calls));

say(`${((performance.now() - startedAt) / 1000).toFixed(0)} s; ${tasks} tasks`);
say(`answers: ${[...statuses].map(([status, count]) => `${status}: ${count}`).join(', ')}`);
say(`${leaks.length} answers with something of somebody else`);
for (const line of leaks.slice(0, 20)) say(`  ${line}`);
process.exitCode = leaks.length === 0 ? 0 : 1;
