import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, type Client, wordsFor } from './client.ts';

/** The outcome of a request from the client's view. */
export interface Outcome {
  /** `succeeded`, another task state, an HTTP status with its problem, or a connection error. */
  readonly what: string;
  /** Set if the request was refused. */
  readonly status?: number;
  /** Detail of the response. */
  readonly detail?: string;
  /** Reasons for which an accepted task was polled again. */
  readonly askedAgain?: readonly string[];
}

export const SUCCEEDED = 'succeeded';

export interface Prediction {
  readonly model: string;
  /** The request as JSON. */
  readonly body: string;
  /** Seconds that the client waits for the result. */
  readonly patience: number;
}

/** The longest wait of the API, minus time for the response. */
const LONGEST_WAIT_SECONDS = 20;
/** After a response that came sooner than this, pause before the next poll. */
const SOON_MS = 500;
/** A longer pause would count as latency. */
const LONGEST_PAUSE_SECONDS = 1;
const ENDED = new Set([SUCCEEDED, 'failed', 'canceled', 'expired']);

/**
 * Submits and waits for the result with repeated long polls, also through outages. Resolves with the outcome within
 * `patience`. Undefined when `stop` aborts first.
 */
export async function predict(client: Client, wanted: Prediction, stop: AbortSignal): Promise<Outcome | undefined> {
  const endsAt = performance.now() + wanted.patience * 1000;
  const lost = new AbortController();
  const timer = setTimeout(() => lost.abort(), wanted.patience * 1000);
  const signal = AbortSignal.any([stop, lost.signal]);
  const askedAgain: string[] = [];
  let id: string | undefined;
  try {
    for (;;) {
      const askedAt = performance.now();
      const step = await ask(client, wanted, { id, waitSeconds: waitSeconds(endsAt - askedAt), signal });
      if (stop.aborted) return undefined;
      if (lost.signal.aborted) {
        return { what: `${id ? 'accepted, not ended' : 'no answer'} within ${wanted.patience} s`, askedAgain };
      }
      if ('outcome' in step) return { ...step.outcome, askedAgain };
      id = step.id;
      if (step.away !== undefined) askedAgain.push(step.away);
      const wasSoon = performance.now() - askedAt < SOON_MS;
      const pause = wasSoon ? Math.min(step.retryAfter ?? LONGEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS) : 0;
      await sleep(pause * 1000, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    clearTimeout(timer);
  }
}

/** The end of a request, or a task to poll again. */
type Step =
  | { readonly outcome: Outcome }
  | { readonly id: string; readonly away?: string; readonly retryAfter?: number };

interface Question {
  /** Set once the task was accepted. */
  readonly id: string | undefined;
  readonly waitSeconds: number;
  readonly signal: AbortSignal;
}

async function ask(client: Client, { model, body }: Prediction, question: Question): Promise<Step> {
  const { id, signal } = question;
  const wait = { Prefer: `wait=${question.waitSeconds}` };
  try {
    if (id !== undefined)
      return stepOf(await client.ask({ method: 'GET', path: `/tasks/${id}`, headers: wait, signal }), id);
    const headers = { ...wait, 'Content-Type': 'application/json' };
    const path = `/models/${encodeURIComponent(model)}/tasks`;
    return stepOf(await client.ask({ method: 'POST', path, headers, body, signal }));
  } catch (error) {
    // Recovery: an accepted task is polled again; a failed submit is an outcome.
    const what = wordsFor(error);
    return id === undefined ? { outcome: { what } } : { id, away: what };
  }
}

function stepOf({ status, body, retryAfter }: Answer, id?: string): Step {
  const pause = retryAfter === undefined ? {} : { retryAfter };
  if (id !== undefined && (status === 429 || status >= 500)) return { id, away: String(status), ...pause };
  if (status >= 300) return { outcome: refusal(status, body) };
  if (ENDED.has(String(body?.state))) return { outcome: ended(body ?? {}) };
  if (typeof body?.id === 'string') return { id: body.id, ...pause };
  return { outcome: { what: `${status} without a task`, status } };
}

/** One second less, so that the response arrives in time. */
const waitSeconds = (leftMs: number): number =>
  Math.max(0, Math.min(LONGEST_WAIT_SECONDS, Math.floor(leftMs / 1000) - 1));

type Body = NonNullable<Answer['body']>;

function refusal(status: number, body: Body | undefined): Outcome {
  const name = typeof body?.type === 'string' ? ` ${body.type.replace(/^.*\//, '')}` : '';
  const [fault] = Array.isArray(body?.errors) ? (body.errors as readonly { pointer?: string; message?: string }[]) : [];
  const detail = [body?.detail, fault?.pointer, fault?.message].filter((part) => part !== undefined).join(' ');
  return { what: `${status}${name}`, status, ...(detail === '' ? {} : { detail }) };
}

function ended({ state, error }: Body): Outcome {
  if (state === SUCCEEDED) return { what: SUCCEEDED };
  const { code, message } = (error ?? {}) as { readonly code?: string; readonly message?: string };
  return { what: code === undefined ? String(state) : `${state}: ${code}`, ...(message ? { detail: message } : {}) };
}
