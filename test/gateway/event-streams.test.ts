import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type Authenticator,
  createHandlerDeps,
  HANDLER_NAMES,
  type ProxyHandler,
  ROUTES,
  type RoutedHandlerName,
} from '#api';
import { LOCAL_PRINCIPAL, ModelyardError, type Task, type TaskProgress } from '#core';
import { createBridge } from '#gateway/bridge.ts';
import { EventStreams } from '#gateway/event-streams.ts';
import { createHandler } from '#lambdas/get-task/handler.ts';
import { createMemoryPlatform } from '#platform/memory.ts';
import { pseudoRandom } from '#test/support/pseudo-random.ts';
import { silentLogger } from '#test/support/silent-logger.ts';
import { aFreshTask, aStart } from '#test/support/tasks.ts';

interface Authenticated {
  readonly platform: ReturnType<typeof createMemoryPlatform>;
  readonly authenticate: Authenticator;
}

/** A gateway that serves the events of one task. */
async function startGateway(total = 10, { authenticate, ...given }: Partial<Authenticated> = {}) {
  const platform = given.platform ?? createMemoryPlatform();
  const handler = createHandler(
    createHandlerDeps({ auth: authenticate ? 'jwt' : 'none', platform, logger: silentLogger }),
  );
  const handlers = Object.fromEntries([...HANDLER_NAMES, 'lifecycle'].map((name) => [name, handler]));
  const bridge = createBridge({
    routes: ROUTES,
    handlers: handlers as unknown as Readonly<Record<RoutedHandlerName, ProxyHandler>>,
    logger: silentLogger,
    streams: { total, recheckMs: 20 },
    authenticate,
  });
  const { url } = await bridge.listen(0, '127.0.0.1');
  onTestFinished(async () => {
    await bridge.close();
    if (!given.platform) await platform.close();
  });
  const addressOf = (id: string) => `${url}/tasks/${id}/events`;
  const task = aFreshTask();
  await platform.tasks.create(task);
  await platform.tasks.apply(task.id, aStart);
  return { platform, bridge, task, address: addressOf(task.id), addressOf };
}

const told = (count: number): TaskProgress => ({
  ...{ fraction: count / 100, at: count, contractHash: 'c1', count, older: [] },
  recent: Array.from({ length: count }, (_, at) => ({ seq: at + 1, at, attempt: 1, fraction: at / 100 })),
});

const tell = ({ platform, task }: { platform: ReturnType<typeof createMemoryPlatform>; task: Task }, count: number) =>
  platform.tasks.apply(task.id, { type: 'progressed', fence: 1, attempts: 1, at: count, progress: told(count) });

/** Ids of the whole events in what was received. */
const idsIn = (text: string): readonly string[] =>
  text
    .slice(0, text.lastIndexOf('\n\n') + 2)
    .split('\n\n')
    .flatMap((block) => /^id: (.*)$/m.exec(block)?.[1] ?? []);

async function readUntil(response: Response, isEnough: (text: string) => boolean): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (isEnough(text)) break;
  }
  return text;
}

describe('a stream of events', () => {
  it('ends with the task', async () => {
    const gateway = await startGateway();
    const response = await fetch(gateway.address);
    const reading = readUntil(response, () => false);
    await tell(gateway, 3);
    await gateway.platform.tasks.apply(gateway.task.id, { type: 'canceled', at: Date.now() });

    const text = await reading;

    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(text.startsWith('retry: ')).toBe(true);
    const names = [...text.matchAll(/^event: (.*)$/gm)].map(([, name]) => name);
    expect(names.filter((name) => name !== 'history')).toEqual([
      'state',
      'state',
      ...Array(3).fill('progress'),
      'state',
    ]);
    expect(text).toContain('"state":"canceled"');
  });

  it('misses nothing and repeats nothing for a client whose connections break at any moment', async () => {
    const gateway = await startGateway();
    const random = pseudoRandom(7);
    const received: string[] = [];
    let isOver = false;
    const working = (async () => {
      for (let count = 1; count <= 60; count++) {
        await tell(gateway, count);
        await sleep(5);
      }
      await gateway.platform.tasks.apply(gateway.task.id, { type: 'canceled', at: Date.now() });
    })();

    while (!isOver) {
      const breaking = new AbortController();
      const headers = received.length === 0 ? {} : { 'Last-Event-ID': received.at(-1) ?? '' };
      const response = await fetch(gateway.address, { headers, signal: breaking.signal });
      if (response.status === 204) break;
      const enough = 1 + Math.floor(random() * 900);
      const text = await readUntil(response, (sofar) => sofar.length >= enough).catch(() => '');
      breaking.abort();
      received.push(...idsIn(text));
      isOver = text.includes('"state":"canceled"') && text.endsWith('\n\n');
    }
    await working;

    const whole = idsIn(await readUntil(await fetch(gateway.address), () => false));
    const numbers = received.map((id) => Number(id.split('.')[2]));
    expect(new Set(received).size).toBe(received.length);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect([...new Set(numbers)].filter((number) => number > 0)).toEqual(Array.from({ length: 60 }, (_, at) => at + 1));
    expect(whole.at(-1)).toBe(received.at(-1));
  });

  it('is refused above the limit, and makes room when its client leaves', async () => {
    const { address } = await startGateway(2);
    const leaving = new AbortController();
    const open = [await fetch(address, { signal: leaving.signal }), await fetch(address)];

    const refused = await fetch(address);
    leaving.abort();
    await expect.poll(async () => (await fetch(address)).status, { timeout: 20_000 }).toBe(200);

    expect(open.map(({ status }) => status)).toEqual([200, 200]);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5']);
  });

  it('ends at once when the server stops', async () => {
    const { address, bridge } = await startGateway();
    const reading = readUntil(await fetch(address), () => false);

    await bridge.close();

    expect(await reading).toContain('"state":"running"');
  });
});

const user = { role: 'user' } as const;

describe('a stream of a caller', () => {
  it('ends when the caller is refused or has another role, and not when nobody can tell', async () => {
    const streams = new EventStreams({ recheckMs: 5 });
    const { signal } = new AbortController();
    const refusing = (code: 'unauthenticated' | 'store_unavailable') => {
      let asked = 0;
      const authenticate = async () => {
        asked += 1;
        if (asked > 3) throw new ModelyardError(code, 'x');
        return user;
      };
      return { authenticate, asked: () => asked };
    };
    const [disabled, away] = [refusing('unauthenticated'), refusing('store_unavailable')];
    const ended = streams.open({ ...user, id: 'ann' }, signal, disabled.authenticate);
    const kept = streams.open({ ...user, id: 'bob' }, signal, away.authenticate);
    const demoted = streams.open({ id: 'eve', role: 'admin' }, signal, async () => user);

    await expect
      .poll(() => [ended.signal.aborted, demoted.signal.aborted, away.asked() > 6], { timeout: 20_000 })
      .toEqual([true, true, true]);

    expect(kept.signal.aborted).toBe(false);
    for (const { close } of [ended, kept, demoted]) close();
  });

  it('over HTTP ends for a user who was disabled', async () => {
    const { task, platform } = await startGateway();
    let isDisabled = false;
    const authenticate = async () => {
      if (isDisabled) throw new ModelyardError('unauthenticated', 'x');
      return { ...LOCAL_PRINCIPAL, id: task.owner };
    };
    const other = await startGateway(10, { platform, authenticate });
    const reading = readUntil(await fetch(other.addressOf(task.id)), () => false);

    isDisabled = true;

    expect(await reading).toContain('"state":"running"');
    expect((await fetch(other.addressOf(task.id))).status).toBe(401);
  });
});

describe('the limits of streams', () => {
  it.each(['before its stream is opened', 'before it begins'])('count no client that has left %s', (when) => {
    const streams = new EventStreams({ perUser: 1 });
    const leaving = new AbortController();
    if (when === 'before its stream is opened') leaving.abort();
    const { signal } = streams.open({ ...user, id: 'ann' }, leaving.signal);

    leaving.abort();

    expect(signal.aborted).toBe(true);
    expect(streams.open({ ...user, id: 'ann' }, new AbortController().signal).signal.aborted).toBe(false);
  });

  it('count by user, and the local user has all', () => {
    const streams = new EventStreams({ total: 5, perUser: 2 });
    const { signal } = new AbortController();
    const open = (id: string) => streams.open({ ...user, id }, signal);
    const [first] = [open('ann'), open('ann')];

    expect(() => open('ann')).toThrow(/At most 2/);
    first.close();
    first.close();
    expect(open('ann').signal.aborted).toBe(false);
    for (let at = 0; at < 3; at++) open('local');
    expect(() => open('local')).toThrow(/At most 5/);
  });
});
