import { expect, it } from 'vitest';
import { ALL_ROUTES, type Route } from '#api';
import { USER_ROLES, type UserRole } from '#core';
import type { FullPlatform } from '#platform/platform.ts';

interface Answer {
  readonly status: number;
  readonly text: string;
}

interface Asked {
  readonly method: string;
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A system with `AUTH=jwt`, by the way that its callers take. */
export interface System {
  readonly platform: FullPlatform;
  ask(path: string, asked: Asked): Promise<Answer>;
  /** Adds a user without a request. */
  add(name: string, role: UserRole): Promise<{ readonly id: string }>;
  /** Resolves with an access token. */
  login(name: string): Promise<string>;
}

interface Caller {
  readonly role: UserRole;
  readonly token: string;
}

/** Whether only the owner of what the path or the query names may see it. */
const isOwned = ({ path }: Route): boolean => /\/(tasks|batches|keys)\/\{id\}|\/result$/.test(path);

const CHANGES = ['POST', 'PUT', 'PATCH'];
/** No route takes it, so nothing is predicted. */
const WRONG = { no_field: 1 };

const AT_ONCE = { Prefer: 'wait=0' };

/** What is said of something that does not exist. */
const MISSING = /\/problems\/(task|batch|key)-not-found/;

/** Every route × nobody and every role × owner and others. Each platform calls this with a running system. */
export function everyRouteContract(name: string, open: () => Promise<System>): void {
  it(`answers every route by role and owner: ${name}`, { timeout: 120_000 }, async () => {
    const { ask, add, login } = await open();
    const callerOf = async (user: string, role: UserRole): Promise<Caller> => {
      await add(user, role);
      return { role, token: await login(user) };
    };
    const owner = await callerOf('ann.owner', 'user');
    // The owner comes last, because it may change what the others ask for.
    const callers = [
      ...[await callerOf('bob', 'user'), await callerOf('olga', 'operator'), await callerOf('root', 'admin')],
      owner,
    ];
    const { id: spare } = await add('spare', 'user');
    const make = async (path: string, body: unknown): Promise<{ id: string }> => {
      const { status, text } = await ask(path, { method: 'POST', token: owner.token, body });
      expect([path, status < 300]).toEqual([path, true]);
      return JSON.parse(text);
    };
    const own = {
      tasks: (await make('/models/model_b/tasks', { value: 1 })).id,
      batches: (await make('/models/model_b/batches', [{ value: 1 }])).id,
      keys: (await make('/users/me/keys', { name: 'ci' })).id,
    };
    const addressOf = ({ path }: Route): string => {
      const [, kind = ''] = /\/(tasks|batches|keys)\/\{id\}/.exec(path) ?? [];
      const id = kind in own ? own[kind as keyof typeof own] : path.startsWith('/users/') ? spare : 'none';
      const filled = path
        .replace('{model}', 'model_b')
        .replace('{id}', id)
        .replaceAll(/\{[^}]+\}/g, 'none');
      return path.endsWith('/result') ? `${filled}?task_id=${own.tasks}` : filled;
    };
    const wrong: string[] = [];

    for (const route of ALL_ROUTES) {
      const address = addressOf(route);
      const sends = (token?: string) =>
        ask(address, {
          method: route.method,
          token,
          headers: AT_ONCE,
          ...(CHANGES.includes(route.method) ? { body: WRONG } : {}),
        });
      const say = (who: string, { status, text }: Answer) =>
        wrong.push(`${route.method} ${route.path} answered ${who} ${status}: ${text.slice(0, 200)}`);

      const unknown = await sends();
      if ((unknown.status === 401) !== (route.role !== 'public')) say('nobody', unknown);
      if (route.role === 'public') continue;
      for (const caller of callers) {
        const answer = await sends(caller.token);
        const isAllowed = USER_ROLES.indexOf(caller.role) >= USER_ROLES.indexOf(route.role);
        const isForbidden = answer.status === 403;
        const who = caller === owner ? 'the owner' : `another ${caller.role}`;
        if (answer.status === 401 || isForbidden === isAllowed) say(who, answer);
        // Where there is no lifecycle, its routes are answered 503.
        if (!isAllowed || !isOwned(route) || answer.status === 503) continue;
        if (caller === owner ? MISSING.test(answer.text) : answer.status !== 404 || !MISSING.test(answer.text))
          say(who, answer);
        // Nothing may be told of it but the id that was asked for.
        if (caller !== owner && /model_b(?!\/)|queued|value/.test(answer.text.replaceAll(address, '')))
          say(who, answer);
      }
    }
    for (const caller of callers.filter((each) => each !== owner)) {
      for (const path of ['/tasks', '/users/me/keys', '/users/me/calls']) {
        const list = await ask(path, { method: 'GET', token: caller.token });
        if (Object.values(own).some((id) => list.text.includes(`"id":"${id}"`))) wrong.push(`${caller.role}: ${path}`);
      }
    }

    expect(wrong.join('\n')).toBe('');
  });
}
