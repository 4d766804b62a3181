import { once } from 'node:events';
import { Agent, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHandlerDeps, ROUTES } from '#api';
import { decodeEnvelope, type InstanceController, registerInstance } from '#core';
import { createBridge } from '#gateway/bridge.ts';
import { createHandlers } from '#gateway/handlers.ts';
import { createMemoryPlatform } from '#platform/memory.ts';
import type { Platform } from '#platform/platform.ts';
import { everything } from '#test/contract/support/compile-proto.ts';
import { anInstance } from '#test/support/registry.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

const MODEL = 'everything';
const LONG = 'x'.repeat(2049);

/** Values as they stand in a request line. */
const ABSURD_IN_PATHS = {
  'a space': '%20',
  'a very long text': LONG,
  'a NUL': 'a%00b',
  'a line feed': 'a%0Ab',
  'a slash': 'a%2Fb',
  'a step up': '..%2F..%2Fetc%2Fpasswd',
  'two dots': '%2E%2E',
  'a percent sign alone': 'a%b',
  'bytes that are no UTF-8': '%C3%28',
  'letters of any script': encodeURIComponent('模型🙂'),
  'half an emoji': '%ED%A0%BD',
  'a name of every object': '__proto__',
  'a method of every object': 'constructor',
  markup: '%3Cscript%3E',
  'a negative number': '-1',
  'a huge number': '9'.repeat(400),
  'a fraction': '1e999',
  'a quote': '%22%27',
  'an at sign': '@',
};

/** Values as they stand in a header. NUL and line ends are refused by the parser. */
const ABSURD_IN_HEADERS = {
  nothing: '',
  'a very long text': LONG,
  'a tab': 'a\tb',
  'Latin-1': 'caf\xe9',
  'a percent sign alone': '%',
  'a slash': '../..',
  commas: ',,,',
  semicolons: ';;=;',
  'a quote that does not end': '"abc',
  'a name of every object': '__proto__',
  'a negative number': '-1',
  'a huge number': '9'.repeat(400),
  'a fraction': '1e999',
  'not a number': 'NaN',
};

const HEADERS = [
  'Accept',
  'Accept-Encoding',
  'Access-Control-Request-Headers',
  'Access-Control-Request-Method',
  'Authorization',
  'Content-Encoding',
  'Content-Type',
  'Cookie',
  'Idempotency-Key',
  'If-None-Match',
  'Origin',
  'Prefer',
  'Range',
  'Routing-Key',
  'Task-Deadline',
  'Task-Priority',
  'Task-Timeout',
  'traceparent',
  'tracestate',
  'X-Amzn-Trace-Id',
  'X-Forwarded-For',
  'X-Request-Id',
];
const QUERIES = ['all', 'cursor', 'limit', 'model', 'state', 'task_id', 'variant', 'unknown'];

/** 403 is for origins that no page may have, 409 for a task that has ended. */
const REFUSALS = new Set([400, 403, 404, 405, 406, 409, 415, 422]);

/** A store that fails where a real one may: with a text that it cannot use as a key. */
function withPlainKeys<T extends object>(store: T): T {
  const check = (value: unknown): void => {
    if (typeof value !== 'string') return;
    if (value.length > 512 || !/^[\x20-\x7e]*$/.test(value)) throw new Error(`A store was asked for ${value}.`);
  };
  return new Proxy(store, {
    get(target, name) {
      const member = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]) => {
        for (const argument of args) {
          check(argument);
          if (argument?.constructor !== Object) continue;
          // Stores read cursors themselves.
          for (const [field, value] of Object.entries(argument)) if (field !== 'cursor') check(value);
        }
        return member.apply(target, args);
      };
    },
  });
}

const controller: InstanceController = {
  list: async () => [],
  launch: async (model) => ({ id: 'new', name: 'new', model, state: 'starting', image: 'test' }),
  stop: async (_model, id) => id === 'one',
};

/** Ends every task at once, so that nobody waits. */
async function answerTasks(platform: Platform, contractHash: string, signal: AbortSignal): Promise<void> {
  const consumer = platform.queues(MODEL).consume({ leaseSeconds: 60, signal });
  while (!signal.aborted) {
    for (const delivery of await consumer.receive(10)) {
      const { taskId, request } = decodeEnvelope(delivery.body);
      const at = platform.clock.now();
      const result = { contractHash, payload: request };
      await platform.tasks.apply(taskId, { type: 'succeeded', fence: 1, attempts: 1, startedAt: at, at, result });
      await delivery.ack();
    }
  }
}

let port = 0;
let taskId = '';

beforeAll(async () => {
  const memory = createMemoryPlatform({ pollMs: 100 });
  const platform = {
    ...memory,
    tasks: withPlainKeys(memory.tasks),
    registry: withPlainKeys(memory.registry),
    contracts: withPlainKeys(memory.contracts),
    blobs: withPlainKeys(memory.blobs),
    instances: withPlainKeys(controller),
  };
  const contract = everything();
  const instance = anInstance({ id: 'one', model: MODEL, contractHash: contract.hash });
  const limits = { maxAttempts: 3, timeoutSeconds: 60, maxInstances: 3, acceptWhenAsleep: true };
  const manifest = { description: 'Answers with its request.', variants: [], limits };
  await registerInstance(platform, { instance, contract, manifest });
  await platform.registry.putInstance({ ...instance, expiresAt: Number.MAX_SAFE_INTEGER });
  const stop = new AbortController();
  const answering = answerTasks(platform, contract.hash, stop.signal);
  const deps = createHandlerDeps({ platform, auth: 'none', logger: silentLogger });
  const bridge = createBridge({ routes: ROUTES, handlers: createHandlers(deps), logger: silentLogger });
  ({ port } = await bridge.listen(0, '127.0.0.1'));
  const submitted = await ask('POST', `/models/${MODEL}/tasks`);
  taskId = JSON.parse(submitted.body).id;
  return async () => {
    stop.abort();
    await answering;
    await bridge.close();
    await memory.close();
  };
});

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: 10 });
afterAll(() => agent.destroy());

/** Unlike `fetch`, leaves target and headers as they are. */
async function ask(method: string, path: string, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
  const isPost = method === 'POST';
  const own = isPost ? { 'Content-Type': 'application/json', ...headers } : headers;
  const asked = request({ agent, host: '127.0.0.1', port, method, path, headers: own });
  asked.end(isPost ? '{}' : undefined);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const { statusCode = 0 } = response;
  return { status: statusCode, type: response.headers['content-type'] ?? '', body: await text(response) };
}

/** Asks for everything of a list at once. Resolves with what is wrong. */
async function faultsIn(
  method: string,
  requests: readonly { readonly what: string; readonly path: string; readonly headers?: OutgoingHttpHeaders }[],
): Promise<readonly string[]> {
  const found = await Promise.all(
    requests.map(async ({ what, path, headers }) => {
      const fault = faultOf(await ask(method, path, headers));
      return fault === undefined ? [] : [`${what}: ${fault}`];
    }),
  );
  return found.flat();
}

/** What is wrong with an answer to an absurd request; undefined for a good one. */
function faultOf({ status, type }: Answer): string | undefined {
  if (status < 400 && status >= 200) return undefined;
  if (!REFUSALS.has(status)) return `${status}`;
  return type.startsWith('application/problem+json') ? undefined : `${status} with ${type}`;
}

/** The path of a route with its own values, or with another one for one parameter. */
const pathOf = (path: string, name?: string, value = ''): string =>
  path.replace(/\{(\w+)\}/g, (_, parameter: string) => {
    if (parameter === name) return value;
    return (
      { model: MODEL, id: path.includes('tasks') ? taskId : 'one', name: MODEL, file: 'swagger-ui.css' }[parameter] ??
      ''
    );
  });

const parametersOf = (path: string): readonly string[] => [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);

describe.each(ROUTES)('$method $path', ({ method, path }) => {
  it('answers', async () => {
    expect((await ask(method, pathOf(path))).status).toBeLessThan(500);
  });

  it.each(parametersOf(path))('refuses absurd values of {%s}', async (name) => {
    const answers = Object.entries(ABSURD_IN_PATHS).map(async ([what, value]) => {
      const answer = await ask(method, pathOf(path, name, value));
      return answer.status < 400 || faultOf(answer) !== undefined ? [`${what}: ${answer.status}`] : [];
    });

    expect((await Promise.all(answers)).flat()).toEqual([]);
  });

  it.each(QUERIES)('reads or refuses absurd values of ?%s=', async (name) => {
    const values = Object.entries({ nothing: '', ...ABSURD_IN_PATHS });
    const asked = values.map(([what, value]) => ({ what, path: `${pathOf(path)}?${name}=${value}` }));
    const twice = { what: 'two values', path: `${pathOf(path)}?${name}=1&${name}=2` };

    expect(await faultsIn(method, [...asked, twice])).toEqual([]);
  });

  it.each(HEADERS)('reads or refuses absurd values of %s', async (name) => {
    const values: [string, string | string[]][] = Object.entries(ABSURD_IN_HEADERS);
    const asked: typeof values = [...values, ['two values', ['1', '2']]];
    const requests = asked.map(([what, value]) => ({ what, path: pathOf(path), headers: { [name]: value } }));

    expect(await faultsIn(method, requests)).toEqual([]);
  });
});
