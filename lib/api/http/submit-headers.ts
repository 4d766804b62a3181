import { MAX_DEADLINE_SECONDS, MAX_TIMEOUT_SECONDS, ModelyardError } from '#core';
import type { HeaderFields } from './header-fields.ts';
import { type TraceHeaders, traceOf } from './trace-context.ts';

/** Options of a submit from its headers. */
export interface SubmitOptions {
  readonly idempotencyKey?: string;
  /** Whole seconds from submit to end. */
  readonly deadlineSeconds?: number;
  /** Whole seconds of one run. */
  readonly timeoutSeconds?: number;
  readonly trace?: TraceHeaders;
}

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

/** Reads the headers of a submit. Throws `invalid_request` with the name of the header. */
export function submitOptions(headers: HeaderFields): SubmitOptions {
  if (headers.all('webhook-url').length > 0) {
    throw refused('Webhook-Url', 'is not offered yet: poll the task, or wait for it with Prefer: wait');
  }
  const idempotencyKey = idempotencyKeyOf(headers);
  const deadlineSeconds = secondsOf(headers, 'Task-Deadline', MAX_DEADLINE_SECONDS);
  const timeoutSeconds = secondsOf(headers, 'Task-Timeout', MAX_TIMEOUT_SECONDS);
  const trace = traceOf(headers);
  return {
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(deadlineSeconds === undefined ? {} : { deadlineSeconds }),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    ...(trace ? { trace } : {}),
  };
}

function idempotencyKeyOf(headers: HeaderFields): string | undefined {
  const key = only(headers, 'Idempotency-Key');
  if (key !== undefined && !IDEMPOTENCY_KEY.test(key)) {
    throw refused('Idempotency-Key', 'must be 1 to 255 visible ASCII characters');
  }
  return key;
}

function secondsOf(headers: HeaderFields, name: string, max: number): number | undefined {
  const text = only(headers, name);
  if (text === undefined) return undefined;
  const seconds = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds >= 1 && seconds <= max)) throw refused(name, `must be a whole number of seconds from 1 to ${max}`);
  return seconds;
}

function only(headers: HeaderFields, name: string): string | undefined {
  const [value, ...others] = headers.all(name);
  if (others.length > 0) throw refused(name, 'must be sent once');
  return value?.trim();
}

const refused = (name: string, must: string): ModelyardError =>
  new ModelyardError('invalid_request', `The ${name} header ${must}.`);
