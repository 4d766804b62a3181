import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createKey, type UserStore } from '#core';
import { systemClock } from '#platform/platform.ts';
import { type Answer, send } from './http-answer.ts';

const USERS = 100;
/** `ISOLATION_CALLS=500` for the whole load. */
const CALLS = Number(process.env.ISOLATION_CALLS ?? 40);
/** For a busy machine. */
export const ISOLATION_TIMEOUT_MS = Math.max(600_000, CALLS * 6000);
const CONNECTIONS = 100;
const RETRY_MS = 100;
/** Calls of a round. */
const ROUND = 9;

export interface Caller {
  readonly id: string;
  readonly name: string;
  /** The user's only API key; its name is `of` and the user's. */
  readonly key: string;
}

/** A caller and what belongs to it. */
interface Active extends Caller {
  readonly tasks: Set<string>;
  readonly requests: Set<string>;
  batch?: string;
}

interface Findings {
  /** A sentence for everything that one caller saw of another. */
  readonly leaks: readonly string[];
  readonly tasks: number;
  /** How often each status was answered. */
  readonly statuses: ReadonlyMap<number, number>;
}

/** Adds users with a key each, where a running system reads them. */
export async function addCallers(users: UserStore): Promise<readonly Caller[]> {
  const names = Array.from({ length: USERS }, (_, at) => `caller.${at}`);
  return Promise.all(
    names.map(async (name) => {
      const user = await users.create({ name, role: 'user', passwordHash: '', createdAt: Date.now() });
      if (!user) throw new Error(`The name ${name} is taken.`);
      const { secret } = await createKey(users, systemClock, { userId: user.id, name: `of ${name}` });
      return { id: user.id, name, key: secret };
    }),
  );
}

/** All callers call at once. Resolves with a sentence for everything that one of them saw of another. */
export async function findLeaks(url: string, callers: readonly Caller[], calls = CALLS): Promise<Findings> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const leaks: string[] = [];
  const owners = new Map<string, Caller>();
  const statuses = new Map<number, number>();
  const all: readonly Active[] = callers.map((caller) => ({ ...caller, tasks: new Set(), requests: new Set() }));

  async function ask(caller: Active, path: string, body?: unknown, headers = {}): Promise<Answer> {
    for (;;) {
      const answer = await send(agent, `${url}${path}`, { token: caller.key, body, headers });
      caller.requests.add(answer.requestId);
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      // A busy gateway refuses early.
      if (answer.status !== 429) return answer;
      await sleep(RETRY_MS);
    }
  }

  async function callOnce(caller: Active, round: number): Promise<void> {
    const { id, name, tasks } = caller;
    const told = (what: string) => leaks.push(`${name}: ${what}`);
    // Everybody sends the same keys: each belongs to its sender.
    const headers = { 'Idempotency-Key': `round-${round}` };
    const submitted = await ask(caller, '/models/model_a/tasks', { data: name }, headers);
    const { id: task = '' } = submitted.body;
    if (submitted.status !== 202) return void told(`a submit was answered ${submitted.status}`);
    if (owners.has(task)) told(`got the task of ${owners.get(task)?.name}`);
    owners.set(task, caller);
    tasks.add(task);
    const neighbour = all[(all.indexOf(caller) + round + 1) % all.length];
    const foreign = neighbour === caller ? undefined : [...(neighbour?.tasks ?? [])].at(-1);
    const batch = neighbour === caller ? undefined : neighbour?.batch;
    const [own, list, me, keys, logged, ...refused] = await Promise.all([
      ask(caller, `/models/model_a/result?task_id=${task}`),
      ask(caller, '/tasks?limit=100'),
      ask(caller, '/users/me'),
      ask(caller, '/users/me/keys'),
      ask(caller, '/users/me/calls?limit=100'),
      foreign === undefined ? undefined : ask(caller, `/tasks/${foreign}`),
      foreign === undefined ? undefined : ask(caller, `/tasks/${foreign}/cancel`, {}),
      batch === undefined ? undefined : ask(caller, `/batches/${batch}`),
    ]);
    if (own.status === 200 && own.body.result?.message !== `Processed message: ${name}`)
      told(`read ${JSON.stringify(own.body)}`);
    if (own.status !== 200 && own.status !== 202) told(`the own result was answered ${own.status}`);
    if ((list.body.tasks ?? []).some((one) => !tasks.has(one.id))) told('lists a task of another');
    if (me.body.id !== id) told(`is ${me.body.id}`);
    const [key, ...others] = keys.body.keys ?? [];
    if (key?.name !== `of ${name}` || others.length > 0) told(`has the keys ${JSON.stringify(keys.body.keys)}`);
    if ((logged.body.calls ?? []).some((call) => call.user_id !== id)) told('lists a call of another');
    for (const answer of refused) {
      if (answer && answer.status !== 404) told(`something of another was answered ${answer.status}`);
    }
  }

  async function submitBatch(caller: Active): Promise<void> {
    const submitted = await ask(caller, '/models/model_a/batches', [{ data: caller.name }, { data: caller.name }]);
    if (submitted.status !== 202) leaks.push(`${caller.name}: a batch was answered ${submitted.status}`);
    for (const { id, task_id: task = id ?? '' } of submitted.body.items ?? []) {
      owners.set(task, caller);
      caller.tasks.add(task);
    }
    caller.batch = submitted.body.id ?? '';
  }

  /** Calls are those that the caller has sent, and tasks those that it has submitted, no more and no less. */
  async function count(caller: Active): Promise<void> {
    const seen = new Set<string>();
    let cursor: string | undefined;
    do {
      const { body } = await ask(caller, `/tasks?limit=100${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);
      for (const { id } of body.tasks ?? []) seen.add(id);
      cursor = body.next_cursor ?? undefined;
    } while (cursor !== undefined);
    const { body } = await ask(caller, '/users/me/calls?limit=100');
    if (body.calls?.some((call) => !caller.requests.has(call.request_id)))
      leaks.push(`${caller.name}: has a call of another`);
    const { size } = seen.intersection(caller.tasks);
    if (size !== seen.size || size !== caller.tasks.size)
      leaks.push(`${caller.name}: lists ${seen.size} tasks, ${size} of ${caller.tasks.size} own ones`);
  }

  await Promise.all(
    all.map(async (caller) => {
      await submitBatch(caller);
      for (let round = 0; round < Math.ceil(calls / ROUND); round++) await callOnce(caller, round);
      await count(caller);
    }),
  );
  agent.destroy();
  return { leaks, tasks: owners.size, statuses };
}
