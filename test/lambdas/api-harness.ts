import { onTestFinished } from 'vitest';
import {
  createHandlerDeps,
  type HandlerDeps,
  type Metrics,
  type ProxyContext,
  type ProxyEvent,
  type ProxyHandler,
  type ProxyResult,
  ROUTES,
  toPrincipalContext,
} from '#api';
import {
  type Clock,
  decodeEnvelope,
  type Logger,
  loadPayload,
  type ModelLimits,
  type Principal,
  type Task,
  type TaskEvent,
} from '#core';
import { createHandler as createSubmit } from '#lambdas/submit-task/handler.ts';
import { createMemoryPlatform, type MemoryPlatform } from '#platform/memory.ts';
import { ModelBRequest, ModelBResponse } from '#proto/models/model_b.ts';
import { CONTRACT, registerModelB } from '#test/support/model-b.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

export interface TestApi extends HandlerDeps {
  readonly platform: MemoryPlatform;
  readonly counted: string[];
  /** Registers model_b with one instance. */
  wake(limits?: Partial<ModelLimits>, variants?: readonly string[]): Promise<void>;
  /** Registers model_b whose instance has been dead for a while. */
  doze(limits?: Partial<ModelLimits>): Promise<void>;
  /** Takes the next task of model_b and ends it as the event says; resolves with its request. */
  work(end?: (at: number) => TaskEvent): Promise<{ readonly id: string; readonly request: ModelBRequest }>;
  /** The next task's envelope, left unsettled. */
  nextEnvelope(): Promise<ReturnType<typeof decodeEnvelope>>;
}

interface TestApiOptions {
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Replaces parts of the platform, to make them fail. */
  readonly broken?: (platform: MemoryPlatform) => Partial<MemoryPlatform>;
}

/** The handlers' dependencies on the memory platform, with a model to talk to. */
export function createTestApi({ clock, logger = silentLogger, broken }: TestApiOptions = {}): TestApi {
  const memory = createMemoryPlatform({ pollMs: 2000, ...(clock ? { clock } : {}) });
  const platform = { ...memory, ...broken?.(memory) };
  const counted: string[] = [];
  const metrics: Metrics = { count: (name, { outcome }) => void counted.push(`${name} ${outcome}`) };
  onTestFinished(() => memory.close());

  async function next() {
    const { signal } = new AbortController();
    const [delivery] = await memory.queues('model_b').consume({ leaseSeconds: 30, signal }).receive(1);
    if (!delivery) throw new Error('No task came.');
    return { delivery, envelope: decodeEnvelope(delivery.body) };
  }

  return {
    ...createHandlerDeps({ auth: 'none', platform, logger, metrics }),
    platform,
    counted,
    wake: (limits = {}, variants = []) => registerModelB(memory, { limits, variants }),
    doze: (limits = {}) => registerModelB(memory, { limits, ageMs: 3_600_000 }),
    nextEnvelope: async () => (await next()).envelope,
    async work(end = (at) => succeeded(at)) {
      const { delivery, envelope } = await next();
      const request = ModelBRequest.decode(await loadPayload(memory.blobs, envelope.request));
      await memory.tasks.apply(envelope.taskId, end(memory.clock.now()));
      await delivery.ack();
      return { id: envelope.taskId, request };
    },
  };
}

/** The task succeeded with this answer. */
export const succeeded = (at: number, answer: Partial<ModelBResponse> = { value: 7 }): TaskEvent => ({
  type: 'succeeded',
  fence: 1,
  attempts: 1,
  startedAt: at,
  at,
  result: { contractHash: CONTRACT.hash, payload: { kind: 'inline', bytes: ModelBResponse.encode(answer) } },
});

/** The task failed for this reason. */
export const failed = (at: number, code = 'timeout', message = 'The run took too long.'): TaskEvent => ({
  type: 'failed',
  fence: 1,
  attempts: 1,
  startedAt: at,
  at,
  error: { code, message, retryable: true },
});

interface Call {
  /** The route's own path, braces and all; the path asked for is made of it. */
  readonly route: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
  /** Who asks, as an authorizer tells. @default the local user */
  readonly caller?: string | Principal;
}

export interface Answer extends ProxyResult {
  /** The body as JSON; undefined when it is none. */
  readonly json: Record<string, unknown>;
}

/** Calls a handler as a gateway does. */
export async function call(handler: ProxyHandler, { route, body, caller, signal, ...rest }: Call): Promise<Answer> {
  const params = rest.params ?? {};
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const event: ProxyEvent = {
    // Handlers tell the methods of a path apart by the route alone.
    httpMethod: ROUTES.find(({ path }) => path === route)?.method ?? 'GET',
    resource: route,
    path: route.replaceAll(/\{(\w+)\}/g, (_, name) => params[name] ?? ''),
    headers: rest.headers ?? {},
    queryStringParameters: rest.query ?? null,
    pathParameters: params,
    body: bytes?.toString('base64') ?? null,
    isBase64Encoded: bytes !== undefined,
    requestContext: { requestId: 'request-1', authorizer: authorizerOf(caller) },
  };
  const result = await handler(event, { awsRequestId: 'lambda-1', ...(signal ? { signal } : {}) } as ProxyContext);
  const isJson = /\bjson/.test(result.headers['Content-Type'] ?? '');
  return { ...result, json: isJson ? JSON.parse(result.body) : {} };
}

/** The same object with some methods replaced; the others still see its private fields. */
export const replacing = <T extends object>(target: T, methods: Partial<T>): T =>
  new Proxy(target, {
    get(_, name) {
      if (name in methods) return Reflect.get(methods, name);
      const value = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });

/** A task of this id as the memory store has it. */
export async function stored({ platform }: TestApi, id: unknown): Promise<Task> {
  const task = await platform.tasks.get(String(id));
  if (!task) throw new Error(`There is no task ${id}.`);
  return task;
}

/** Registers model_b and submits a task to it. Resolves with its id. */
export async function submitted(api: TestApi): Promise<string> {
  await api.wake();
  const route = '/models/{model}/tasks';
  const headers = { 'Content-Type': 'application/json' };
  const { json } = await call(createSubmit(api), {
    route,
    headers,
    params: { model: 'model_b' },
    body: '{"value": 7}',
  });
  return String(json.id);
}

function authorizerOf(caller: Call['caller']): Record<string, unknown> | null {
  if (caller === undefined) return null;
  return typeof caller === 'string' ? { principalId: caller } : toPrincipalContext(caller);
}
