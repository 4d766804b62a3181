import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, type Client, wordsFor } from './client.ts';

/** What became of a request, as its caller saw it. */
export interface Outcome {
  /** `succeeded`, or what else: a state of the task, an HTTP status with its problem, or what broke. */
  readonly what: string;
  /** The HTTP status, where the request was refused by one. */
  readonly status?: number;
  /** What the answer said about it. */
  readonly detail?: string;
  /** Answers and faults on the way to the result, after which it was asked for again. */
  readonly askedAgain?: readonly string[];
}

/** The outcome that is none of the faults. */
export const SUCCEEDED = 'succeeded';

export interface Prediction {
  readonly model: string;
  /** The request in JSON. */
  readonly body: string;
  /** How long its caller waits for it, in seconds. */
  readonly patience: number;
}

/** As long as a long poll may be, with room to be answered. */
const LONGEST_WAIT_SECONDS = 20;
/** An answer that came so soon was not waited for: asking again at once would be a storm. */
const SOON_MS = 500;
/** Longer pauses would be measured as latency. */
const LONGEST_PAUSE_SECONDS = 1;
const ENDED = new Set([SUCCEEDED, 'failed', 'canceled', 'expired']);

/**
 * Submits and waits for the result, however many long polls that takes. An accepted task is asked for again when
 * the API is away for a while. Resolves with what became of it, never later than its patience; undefined when
 * `stop` was sooner.
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

/** Where one request has led: to its end, or to a task that is to be asked for again. */
type Step =
  | { readonly outcome: Outcome }
  | { readonly id: string; readonly away?: string; readonly retryAfter?: number };

interface Question {
  /** Of the task, once it was accepted. */
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
    // Recovery: an accepted task is asked for again; a submit that broke is one of the things that a caller sees.
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

/** A second less than there is: its answer must be here in time. */
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
