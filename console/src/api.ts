/** A problem (RFC 9457), as every error of the API. */
export interface Problem {
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
  readonly task?: { readonly id: string };
}

/** The API answered with a problem. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** The API could not be reached. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

/** The base URL of the API: the console's files are one level below it. */
const BASE = new URL('..', import.meta.url);

export const addressOf = (path: string): string => new URL(path.replace(/^\//, ''), BASE).href;

/** How requests are authorized. Set by the session. */
export interface Authorization {
  header(): string | undefined;
  /** Tries to log in again. Resolves with false when that is impossible. */
  renew(): Promise<boolean>;
}

/** An answer that takes longer counts as none. Stages of the lifecycle answer within 20 seconds. */
const ANSWER_MS = 30_000;

let authorization: Authorization = { header: () => undefined, renew: async () => false };

export function authorizeBy(next: Authorization): void {
  authorization = next;
}

/** The base URL and a `fetch` with the login, for the client library. */
export const clientOptions = () => ({
  url: BASE,
  retries: 0,
  fetch: (async (input, init) => {
    const token = authorization.header();
    const headers = new Headers(init?.headers);
    if (token !== undefined) headers.set('Authorization', token);
    return fetch(input, { ...init, headers });
  }) as typeof fetch,
});

interface Init {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly accept?: string;
  readonly signal?: AbortSignal;
  /** Until the answer begins. @default 30 seconds */
  readonly withinMs?: number;
}

/** Sends a request. Rejects with `ApiError` for problems and `UnreachableError` when there is no answer. */
export async function send(path: string, init: Init = {}): Promise<Response> {
  const first = await sendOnce(path, init);
  const isRefused = first.status === 401 && !isLogin(path);
  const answer = isRefused && (await authorization.renew()) ? await sendOnce(path, init) : first;
  if (!answer.ok) throw new ApiError(await problemOf(answer));
  return answer;
}

/** The routes that give tokens need none. */
const isLogin = (path: string): boolean => path.startsWith('/login');

async function sendOnce(path: string, init: Init): Promise<Response> {
  const { method = 'GET', body, headers, accept, signal, withinMs = ANSWER_MS } = init;
  const token = isLogin(path) ? undefined : authorization.header();
  const slow = new AbortController();
  // A timer, because the limit is not for the body: events come for hours.
  const timer = setTimeout(() => slow.abort(), withinMs);
  try {
    return await fetch(addressOf(path), {
      method,
      headers: {
        Accept: accept ?? 'application/json',
        ...(token === undefined ? {} : { Authorization: token }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal ? AbortSignal.any([signal, slow.signal]) : slow.signal,
    });
  } catch (cause) {
    const within = slow.signal.aborted ? ` within ${withinMs / 1000} s` : '';
    throw new UnreachableError(`The API does not answer${within}.`, { cause });
  } finally {
    clearTimeout(timer);
  }
}

async function problemOf(answer: Response): Promise<Problem> {
  const fallback = { title: answer.statusText, status: answer.status, detail: `The API answered ${answer.status}.` };
  try {
    return { ...fallback, ...((await answer.json()) as Partial<Problem>) };
  } catch {
    // Recovery: a proxy answered without a problem.
    return fallback;
  }
}

/** The JSON of an answer. */
export async function get<T>(path: string, init: Init = {}): Promise<T> {
  const answer = await send(path, init);
  if (answer.status === 204) return undefined as T;
  try {
    return (await answer.json()) as T;
  } catch (cause) {
    throw new UnreachableError('The answer of the API is incomplete.', { cause });
  }
}
