import { ApiError, type Problem, UnreachableError } from './errors.ts';

export interface SendOptions {
  readonly url: URL;
  readonly fetch: typeof fetch;
  readonly token: string | undefined;
  /** Further attempts after the first one. */
  readonly retries: number;
  readonly signal?: AbortSignal | undefined;
}

interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Of the API, or an absolute address that the API has given, which gets no token. */
  readonly path: string;
  readonly body?: unknown;
  /** In place of `body`: sent as they are. */
  readonly bytes?: Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether a repeat changes nothing more. */
  readonly isRepeatable: boolean;
}

/** Answers that say "later", and that repeatable requests try again. */
const LATER: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const FIRST_DELAY_MS = 200;
const MAX_DELAY_MS = 10_000;
/** Longer than any wait that a request asks for. Bodies of answers may take longer. */
const ANSWER_MS = 60_000;

/**
 * Sends a request, and repeats it after 429, 503 and network errors. Waits as long as `Retry-After` says. Rejects with
 * `ApiError` or `UnreachableError`. The body is for the caller, who does not repeat it.
 */
export const send = (options: SendOptions, request: Request): Promise<Response> =>
  sendAndRead(options, request, async (answer) => answer);

/** As `send`, also when the connection breaks within the body. */
export const sendForText = (options: SendOptions, request: Request): Promise<string> =>
  sendAndRead(options, request, (answer) => answer.text());

/** As `sendForText`, for JSON. */
export async function sendForJson<T>(options: SendOptions, request: Request): Promise<T> {
  const text = await sendForText(options, request);
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new UnreachableError(otherProgram(options), { cause });
  }
}

/** The text for answers that no Modelyard API gives. */
export const otherProgram = ({ url }: SendOptions): string =>
  `${url.origin} answers, but not as a Modelyard API does: another program may have the port.`;

/** As `send`. Reads the body too, and repeats the request when that fails. */
export async function sendAndRead<T>(
  options: SendOptions,
  request: Request,
  read: (answer: Response) => Promise<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    const mayRepeat = request.isRepeatable && attempt < options.retries;
    let answer: Response | undefined;
    try {
      answer = await sendOnce(options, request);
      if (answer.ok) return await readWhole(options, answer, read);
    } catch (error) {
      if (options.signal?.aborted || !mayRepeat || isSlow(error)) throw error;
    }
    if (answer && !answer.ok && !(mayRepeat && LATER.has(answer.status))) throw new ApiError(await problemOf(answer));
    await sleep(delayMs(answer, attempt), options.signal);
  }
}

async function readWhole<T>({ url, signal }: SendOptions, answer: Response, read: (answer: Response) => Promise<T>) {
  try {
    return await read(answer);
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    throw new UnreachableError(`The connection to ${url.origin} broke within an answer.`, { cause });
  }
}

async function sendOnce({ url, fetch, token, signal }: SendOptions, { method, path, body, bytes, headers }: Request) {
  const target = new URL(path.replace(/^\//, ''), url);
  // Addresses for large payloads say themselves who may use them, and refuse a second proof.
  const isOurs = target.href.startsWith(url.href) && !path.startsWith('/transfers/');
  const slow = new AbortController();
  // An upload takes as long as it takes.
  const timer = bytes === undefined ? setTimeout(() => slow.abort(), ANSWER_MS) : undefined;
  try {
    return await fetch(target, {
      method,
      headers: {
        ...(isOurs ? { Accept: 'application/json' } : {}),
        ...(token === undefined || !isOurs ? {} : { Authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(bytes === undefined ? {} : { body: bytes }),
      signal: signal === undefined ? slow.signal : AbortSignal.any([signal, slow.signal]),
    });
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    const within = slow.signal.aborted ? ` within ${ANSWER_MS / 1000} s` : '';
    throw new UnreachableError(`${target.origin} does not answer${within}.`, { cause });
  } finally {
    clearTimeout(timer);
  }
}

/** Who waited so long does not wait again. */
const isSlow = (error: unknown): boolean =>
  error instanceof UnreachableError && error.cause instanceof Error && error.cause.name === 'AbortError';

function delayMs(answer: Response | undefined, attempt: number): number {
  const asked = askedMs(answer?.headers.get('retry-after'));
  if (asked !== undefined) return asked;
  return Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt) * (0.5 + Math.random() / 2);
}

/** `Retry-After` is in seconds, or a date. */
function askedMs(after: string | null | undefined): number | undefined {
  if (!after) return undefined;
  const ms = Number.isNaN(Number(after)) ? Date.parse(after) - Date.now() : Number(after) * 1000;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

async function problemOf(answer: Response): Promise<Problem> {
  const detail = `The API answered ${answer.status}.`;
  const fallback = { type: 'about:blank', title: answer.statusText, status: answer.status, detail };
  try {
    return { ...fallback, ...((await answer.json()) as Partial<Problem>) };
  } catch {
    // Recovery: a proxy answered without a problem.
    return fallback;
  }
}

/** Timers with more end at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Rejects when the signal aborts. */
export function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(
      () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      },
      Math.min(ms, MAX_TIMER_MS),
    );
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}
