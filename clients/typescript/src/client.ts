import { type BatchItem, type BatchOptions, batchOutcomes } from './batch.ts';
import { TaskError, UnreachableError } from './errors.ts';
import { type TaskEvent, taskEvents } from './events.ts';
import { newKey } from './key.ts';
import { submitRequest, withResult } from './large.ts';
import { otherProgram, type SendOptions, sendAndRead, sendForJson } from './send.ts';
import { isOver, type Task } from './task.ts';

/** Request and response of each model. `npx modelyard types` writes it for the models of a system. */
export type ModelTypes = Readonly<
  Record<string, { readonly request: unknown; readonly response: Readonly<Record<string, unknown>> }>
>;

export interface ClientOptions {
  /** @default http://localhost:8000 */
  readonly url?: string | URL;
  /** A token or an API key. */
  readonly token?: string | undefined;
  /** Further attempts after 429, 503 and network errors. @default 4 */
  readonly retries?: number;
  /** @default that of the platform */
  readonly fetch?: typeof fetch;
}

export interface SubmitOptions {
  /** Repeats with the same key and request return the same task. @default a random one per call, for safe retries */
  readonly idempotencyKey?: string;
  /** From submit to the end; then the task expires. */
  readonly deadlineSeconds?: number;
  /** Of one run, below the limit of the model. */
  readonly timeoutSeconds?: number;
  /** The share of turns among the tasks that wait. @default 'normal' */
  readonly priority?: 'low' | 'normal' | 'high';
  /** Stops waiting. The task goes on. */
  readonly signal?: AbortSignal;
}

/** Longest wait of one request, in seconds. */
const WAIT = 25;

/** A client of one API. Safe to share. */
export class Modelyard<Models extends ModelTypes = ModelTypes> {
  readonly #options: SendOptions;

  constructor({ url = 'http://localhost:8000', token, retries = 4, fetch: own = fetch }: ClientOptions = {}) {
    // `localhost:8000` is a URL too, of the scheme `localhost`.
    if (!/^https?:\/\//i.test(String(url))) {
      throw new TypeError(`The URL must begin with http:// or https://, not ${url}.`);
    }
    // A folder, so that paths are resolved below it.
    const base = new URL(String(url).replace(/\/?$/, '/'));
    this.#options = { url: base, token, retries, fetch: (...args) => own(...args) };
  }

  /** The result of a request. Waits until the task has ended. Rejects with `TaskError` when it ends without a result. */
  async predict<Name extends keyof Models & string>(
    model: Name,
    request: Models[Name]['request'],
    options: SubmitOptions = {},
  ): Promise<Models[Name]['response']> {
    const task = await this.#submit(model, request, options, WAIT);
    const ended = isOver(task) ? task : await this.wait(task.id, options);
    if (ended.state !== 'succeeded') throw new TaskError(ended);
    return ended.result as Models[Name]['response'];
  }

  /** Submits a request and returns its task at once. */
  submit<Name extends keyof Models & string>(
    model: Name,
    request: Models[Name]['request'],
    options: SubmitOptions = {},
  ): Promise<Task<Models[Name]['response']>> {
    return this.#submit(model, request, options) as Promise<Task<Models[Name]['response']>>;
  }

  /** The task when it has ended. */
  async wait(id: string, { signal }: Pick<SubmitOptions, 'signal'> = {}): Promise<Task> {
    for (;;) {
      const task = await this.#task(id, WAIT, signal);
      if (isOver(task)) return task;
    }
  }

  /** The task as it is now and after every change of its state or progress, until it has ended. */
  async *stream(id: string, options: Pick<SubmitOptions, 'signal'> = {}): AsyncGenerator<Task> {
    let latest: Task | undefined;
    for await (const event of this.events(id, options)) {
      if (event.type === 'state') latest = event.task;
      else if (event.type === 'progress' && latest) latest = { ...latest, progress: event };
      else continue;
      if (latest) yield latest;
    }
  }

  /** The events of a task until it has ended: states, progress, parts of the result. */
  events(id: string, { signal }: Pick<SubmitOptions, 'signal'> = {}): AsyncGenerator<TaskEvent> {
    return taskEvents({ ...this.#options, signal }, id);
  }

  /** The outcomes of many requests, in their order. One that fails does not stop the others. */
  batch<Name extends keyof Models & string>(
    model: Name,
    requests: Iterable<Models[Name]['request']> | AsyncIterable<Models[Name]['request']>,
    options: BatchOptions = {},
  ): AsyncGenerator<BatchItem<Models[Name]['response']>> {
    return batchOutcomes({ ...this.#options, signal: options.signal }, model, requests, options) as AsyncGenerator<
      BatchItem<Models[Name]['response']>
    >;
  }

  /** Any other route: the JSON of its answer, undefined without one. Only GET and DELETE are repeated. */
  async request<T = unknown>(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    const isRepeatable = method === 'GET' || method === 'DELETE';
    const [type, text] = await sendAndRead(
      this.#options,
      { method, path, body, headers, isRepeatable },
      async (answer) => [answer.headers.get('content-type') ?? '', await answer.text()],
    );
    // A page is no answer to a program: somebody else answers at this address.
    if (type.startsWith('text/html')) throw new UnreachableError(otherProgram(this.#options));
    return (text === '' ? undefined : type.includes('json') ? JSON.parse(text) : text) as T;
  }

  async #submit(model: string, request: unknown, options: SubmitOptions, wait?: number): Promise<Task> {
    const { idempotencyKey = newKey(), deadlineSeconds, timeoutSeconds, priority, signal } = options;
    return submitRequest({ ...this.#options, signal }, model, request, {
      'Idempotency-Key': idempotencyKey,
      ...(wait === undefined ? {} : { Prefer: `wait=${wait}` }),
      ...(deadlineSeconds === undefined ? {} : { 'Task-Deadline': String(deadlineSeconds) }),
      ...(timeoutSeconds === undefined ? {} : { 'Task-Timeout': String(timeoutSeconds) }),
      ...(priority === undefined ? {} : { 'Task-Priority': priority }),
    });
  }

  async #task(id: string, wait: number, signal: AbortSignal | undefined): Promise<Task> {
    const headers = { Prefer: `wait=${wait}` };
    const path = `/tasks/${encodeURIComponent(id)}`;
    const sending = { ...this.#options, signal };
    return withResult(sending, await sendForJson<Task>(sending, { method: 'GET', path, headers, isRepeatable: true }));
  }
}
