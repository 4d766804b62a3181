import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createKey, type UserStore } from '#core';
import { systemClock } from '#platform/platform.ts';

const USERS = 100;
/** `ISOLATION_CALLS=500` for the whole load. */
const CALLS = Number(process.env.ISOLATION_CALLS ?? 40);
const CONNECTIONS = 100;
const RETRY_MS = 100;
/** Of each round of calls: a submit, two reads of tasks, a list, keys, calls. */
const ROUND = 6;

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

interface Caller {
  readonly id: string;
  readonly name: string;
  readonly key: string;
  readonly tasks: Set<unknown>;
}

/** Adds users with a key each, where a running system reads them. */
export async function addCallers(users: UserStore): Promise<readonly Caller[]> {
  const names = Array.from({ length: USERS }, (_, at) => `caller.${at}`);
  return Promise.all(
    names.map(async (name) => {
      const user = await users.create({ name, role: 'user', passwordHash: '', createdAt: Date.now() });
      if (!user) throw new Error(`The name ${name} is taken.`);
      const { secret } = await createKey(users, systemClock, { userId: user.id, name: `of ${name}` });
      return { id: user.id, name, key: secret, tasks: new Set() };
    }),
  );
}

/** All callers call at once. Resolves with a sentence for everything that one of them saw of another. */
export async function findLeaks(url: string, callers: readonly Caller[]): Promise<readonly string[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const leaks: string[] = [];
  const owners = new Map<unknown, Caller>();

  async function ask(caller: Caller, path: string, body?: unknown): Promise<Answer> {
    for (;;) {
      const answer = await send(agent, `${url}${path}`, caller.key, body);
      // A busy gateway refuses early.
      if (answer.status !== 429) return answer;
      await sleep(RETRY_MS);
    }
  }

  async function callOnce(caller: Caller, round: number): Promise<void> {
    const { id, name, tasks } = caller;
    const told = (what: string) => leaks.push(`${name}: ${what}`);
    const submitted = await ask(caller, '/models/model_a/tasks', { data: name });
    if (submitted.status !== 202) return void told(`a submit was answered ${submitted.status}`);
    const task = submitted.body.id;
    if (owners.has(task)) told(`got the task of ${owners.get(task)?.name}`);
    owners.set(task, caller);
    tasks.add(task);
    const foreign = [...(callers[(callers.indexOf(caller) + round + 1) % callers.length]?.tasks ?? [])].at(-1);
    const [own, other, list, me, calls] = await Promise.all([
      ask(caller, `/models/model_a/result?task_id=${task}`),
      foreign === undefined ? undefined : ask(caller, `/tasks/${foreign}`),
      ask(caller, '/tasks?limit=100'),
      ask(caller, '/users/me/keys'),
      ask(caller, '/users/me/calls?limit=100'),
    ]);
    const result = own.body.result as { readonly message?: string } | undefined;
    if (own.status === 200 && result?.message !== `Processed message: ${name}`)
      told(`read ${JSON.stringify(own.body)}`);
    if (own.status !== 200 && own.status !== 202) told(`the own result was answered ${own.status}`);
    if (other && other.status !== 404) told(`a task of another was answered ${other.status}`);
    const listed = (list.body.tasks as readonly { readonly id: string }[] | undefined) ?? [];
    if (listed.some((one) => !tasks.has(one.id))) told('lists a task of another');
    const keys = (me.body.keys as readonly { readonly name: string }[] | undefined) ?? [];
    if (keys.length !== 1 || keys[0]?.name !== `of ${name}`) told(`has ${keys.length} keys`);
    const logged = (calls.body.calls as readonly { readonly user_id: string; readonly task_id: string }[]) ?? [];
    if (logged.some((call) => call.user_id !== id)) told('lists a call of another');
  }

  await Promise.all(
    callers.map(async (caller) => {
      for (let round = 0; round < Math.ceil(CALLS / ROUND); round++) await callOnce(caller, round);
    }),
  );
  agent.destroy();
  return leaks;
}

function send(agent: Agent, address: string, key: string, body?: unknown): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const headers = {
    Authorization: `Bearer ${key}`,
    ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
  };
  const request = httpRequest(address, { agent, method: body === undefined ? 'GET' : 'POST', headers }, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('error', reject);
    response.on('end', () =>
      resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString() || '{}') }),
    );
  });
  request.on('error', reject);
  request.end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}
