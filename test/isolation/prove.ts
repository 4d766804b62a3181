import { parseArgs } from 'node:util';

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
const USERS = Number(values.users);
const CALLS = Number(values.calls);
const PASSWORD = `a long sentence ${crypto.randomUUID()}`;
const say = (text: string): void => void process.stdout.write(`${text}\n`);

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: bodies have as many shapes as there are routes.
  readonly json: any;
}

async function ask(
  path: string,
  token?: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(new URL(path, values.url), {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    headers: {
      'Content-Type': 'application/json',
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...headers,
    },
  });
  const text = await response.text();
  return { status: response.status, json: text === '' ? {} : JSON.parse(text) };
}

interface Caller {
  readonly id: string;
  readonly token: string;
  readonly tasks: Set<string>;
}

const owners = new Map<string, string>();
const wrong: string[] = [];
const statuses = new Map<string, number>();
const claim = (isRight: boolean, text: string): void => void (isRight || wrong.push(text));
const anyOther = (id: string): string | undefined => {
  const foreign = [...owners].filter(([, owner]) => owner !== id);
  return foreign[Math.floor(Math.random() * foreign.length)]?.[0];
};

/** What a user may ask for. Each checks that the answer is the user's own. */
const ACTIONS: readonly ((caller: Caller, round: number) => Promise<Answer>)[] = [
  async ({ id, token, tasks }, round) => {
    // Everybody uses the same keys: each belongs to whom it is sent by.
    const headers = { 'Idempotency-Key': `round-${round % 50}` };
    const answer = await ask('/models/model_a/tasks', token, { data: 'x' }, headers);
    if (answer.status !== 202) return answer;
    const known = owners.get(answer.json.id);
    claim(known === undefined || known === id, `${id} got the task ${answer.json.id} of ${known}`);
    owners.set(answer.json.id, id);
    tasks.add(answer.json.id);
    return answer;
  },
  async ({ id, token, tasks }) => {
    const own = [...tasks].at(-1) ?? '';
    const answer = await ask(`/tasks/${own}`, token);
    claim(own === '' || answer.status !== 404, `${id} does not see the own task ${own}`);
    return answer;
  },
  async ({ id, token }) => {
    const foreign = anyOther(id);
    const answer = await ask(`/tasks/${foreign}`, token);
    claim(answer.status !== 200, `${id} read the task ${foreign}`);
    return answer;
  },
  async ({ id, token }) => {
    const foreign = anyOther(id);
    const answer = await ask(`/tasks/${foreign}/cancel`, token, {});
    claim(![200, 202, 409].includes(answer.status), `${id} could cancel ${foreign}: ${answer.status}`);
    return answer;
  },
  async ({ id, token }) => {
    const answer = await ask('/tasks?limit=100', token);
    for (const task of answer.json.tasks ?? []) claim(owners.get(task.id) === id, `${id} lists the task ${task.id}`);
    return answer;
  },
  async ({ id, token }) => {
    const answer = await ask('/users/me/calls?limit=100', token);
    for (const { task_id: task } of answer.json.calls ?? []) {
      // The user may have asked for it in vain.
      claim(!task || owners.has(task), `${id} has a call of the unknown task ${task}`);
    }
    return answer;
  },
  async ({ id, token }) => {
    const answer = await ask('/users/me', token);
    claim(answer.status !== 200 || answer.json.id === id, `${id} is ${answer.json.id}`);
    return answer;
  },
  async ({ id, token }) => {
    const answer = await ask('/users/me/keys', token);
    for (const { name } of answer.json.keys ?? []) claim(name === id, `${id} has the key ${name}`);
    return answer;
  },
];

const callers: Caller[] = [];
for (let index = 0; index < USERS; index++) {
  const username = `u${crypto.randomUUID()}`;
  const registered = await ask('/register', undefined, { username, password: PASSWORD });
  if (registered.status !== 201) throw new Error(`Nobody can register: ${JSON.stringify(registered.json)}`);
  const { json } = await ask('/login', undefined, { username, password: PASSWORD });
  const caller = { id: registered.json.id as string, token: json.access_token as string, tasks: new Set<string>() };
  await ask('/users/me/keys', caller.token, { name: caller.id });
  callers.push(caller);
}
say(`${USERS} users are logged in. Each calls ${CALLS} times, all at once.`);

await Promise.all(
  callers.map(async (caller) => {
    for (let round = 0; round < CALLS; round++) {
      const action = ACTIONS[round < 2 ? round : Math.floor(Math.random() * ACTIONS.length)];
      const status = (await action?.(caller, round))?.status ?? 0;
      statuses.set(`${status}`, (statuses.get(`${status}`) ?? 0) + 1);
      claim(status < 500 || status === 503, `${caller.id} was answered ${status}`);
    }
  }),
);

say(`statuses: ${[...statuses].map(([status, count]) => `${status}: ${count}`).join(', ')}`);
say(`${owners.size} tasks; ${wrong.length} answers with something of somebody else`);
for (const line of wrong.slice(0, 20)) say(`  ${line}`);
process.exitCode = wrong.length === 0 ? 0 : 1;
