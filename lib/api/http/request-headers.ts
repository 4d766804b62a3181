import {
  MAX_DEADLINE_SECONDS,
  MAX_TIMEOUT_SECONDS,
  ModelyardError,
  PRIORITIES,
  type Priority,
  type Webhook,
} from '#core';
import type { HeaderFields } from './headers.ts';
import { splitAssignment, splitUnquoted } from './http-syntax.ts';

/** The longest wait, below the 29 s timeout of API Gateway. */
export const MAX_WAIT_SECONDS = 25;

export interface WaitPreference {
  /** Whole seconds, 0–25. Undefined without a valid preference. */
  readonly seconds: number | undefined;
  /** The value of `Preference-Applied`. */
  readonly applied: string | undefined;
}

/**
 * Reads `Prefer: wait=N` (RFC 7240). Longer waits are reduced to 25 s, malformed ones are ignored. `respond-async`
 * without a wait means 0.
 */
export function waitPreference(headers: HeaderFields): WaitPreference {
  const preferences = parsePrefer(headers.list('prefer') ?? '');
  const wait = preferences.get('wait') ?? '';
  if (/^\d+$/.test(wait)) {
    const seconds = Math.min(Number(wait), MAX_WAIT_SECONDS);
    return { seconds, applied: `wait=${seconds}` };
  }
  return preferences.has('respond-async')
    ? { seconds: 0, applied: 'respond-async' }
    : { seconds: undefined, applied: undefined };
}

/** Preferences by lower-case name, without parameters. The first of repeated ones counts (RFC 7240, section 2). */
export function parsePrefer(header: string): ReadonlyMap<string, string> {
  const preferences = new Map<string, string>();
  for (const member of splitUnquoted(header, ',')) {
    const [preference = ''] = splitUnquoted(member, ';');
    const [name, value] = splitAssignment(preference);
    if (name !== '' && !preferences.has(name)) preferences.set(name, value ?? '');
  }
  return preferences;
}

/** W3C Trace Context, passed on unchanged. */
interface TraceHeaders {
  readonly traceparent: string;
  readonly tracestate?: string;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;
/** The length that every implementation must support. */
const MAX_TRACESTATE_LENGTH = 512;

/** Undefined for a missing or malformed trace, which must not fail a request. */
export function traceOf(headers: HeaderFields): TraceHeaders | undefined {
  const traceparent = headers.list('traceparent')?.trim();
  if (traceparent === undefined || !isTraceparent(traceparent)) return undefined;
  const tracestate = headers.list('tracestate')?.trim();
  return tracestate && tracestate.length <= MAX_TRACESTATE_LENGTH ? { traceparent, tracestate } : { traceparent };
}

function isTraceparent(value: string): boolean {
  const [, version, traceId, parentId, more] = TRACEPARENT.exec(value) ?? [];
  if (!version || !traceId || !parentId || version === 'ff') return false;
  if (/^0+$/.test(traceId) || /^0+$/.test(parentId)) return false;
  return version !== '00' || more === undefined;
}

/** What the messages of a request have of it. */
export function originOf({ id, headers }: { readonly id: string; readonly headers: HeaderFields }) {
  const trace = traceOf(headers);
  return { requestId: id, ...(trace ? { trace } : {}) };
}

/** Options of a submit from its headers. */
export interface SubmitOptions {
  readonly idempotencyKey?: string;
  /** Whole seconds from submit to end. */
  readonly deadlineSeconds?: number;
  /** Whole seconds of one run. */
  readonly timeoutSeconds?: number;
  readonly priority?: Priority;
  readonly trace?: TraceHeaders;
  /** Selects the version that answers during a roll-out. */
  readonly routingKey?: string;
  readonly webhook?: Webhook;
}

/** Of the keys of a caller. */
const KEY = /^[\x21-\x7e]{1,255}$/;

/** Reads the headers of a submit. Throws `invalid_request` with the name of the header. */
export function submitOptions(headers: HeaderFields): SubmitOptions {
  const idempotencyKey = keyOf(headers, 'Idempotency-Key');
  const routingKey = keyOf(headers, 'Routing-Key');
  const deadlineSeconds = secondsOf(headers, 'Task-Deadline', MAX_DEADLINE_SECONDS);
  const timeoutSeconds = secondsOf(headers, 'Task-Timeout', MAX_TIMEOUT_SECONDS);
  const priority = priorityOf(headers);
  const trace = traceOf(headers);
  const webhook = webhookOf(headers);
  return {
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(deadlineSeconds === undefined ? {} : { deadlineSeconds }),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    ...(priority === undefined ? {} : { priority }),
    ...(trace ? { trace } : {}),
    ...(routingKey === undefined ? {} : { routingKey }),
    ...(webhook ? { webhook } : {}),
  };
}

function keyOf(headers: HeaderFields, name: string): string | undefined {
  const key = only(headers, name);
  if (key !== undefined && !KEY.test(key)) throw refused(name, 'must be 1 to 255 visible ASCII characters');
  return key;
}

/** Their values are checked by the submit. */
function webhookOf(headers: HeaderFields): Webhook | undefined {
  const url = only(headers, 'Webhook-Url');
  const events = headers.list('webhook-events')?.split(',');
  if (url !== undefined) return { url, ...(events ? { events } : {}) };
  if (events) throw refused('Webhook-Events', 'needs a Webhook-Url header');
  return undefined;
}

function secondsOf(headers: HeaderFields, name: string, max: number): number | undefined {
  const text = only(headers, name);
  if (text === undefined) return undefined;
  const seconds = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds >= 1 && seconds <= max)) throw refused(name, `must be a whole number of seconds from 1 to ${max}`);
  return seconds;
}

function priorityOf(headers: HeaderFields): Priority | undefined {
  const text = only(headers, 'Task-Priority');
  const priority = PRIORITIES.find((level) => level === text);
  if (text !== undefined && !priority) throw refused('Task-Priority', `must be one of ${PRIORITIES.join(', ')}`);
  return priority;
}

function only(headers: HeaderFields, name: string): string | undefined {
  const [value, ...others] = headers.all(name);
  if (others.length > 0) throw refused(name, 'must be sent once');
  return value?.trim();
}

const refused = (name: string, must: string): ModelyardError =>
  new ModelyardError('invalid_request', `The ${name} header ${must}.`);
