import { type ErrorCode, type FieldError, ModelyardError, type Quota } from '#core';
import type { TaskSummaryBody } from '../presenters/task-presenter.ts';
import { PROBLEM_TYPE } from './negotiation.ts';
import type { ProxyResult } from './proxy.ts';

/** The HTTP status of every error code. The only place that maps errors to HTTP. */
export const STATUS: Record<ErrorCode, number> = {
  unreadable_body: 400,
  invalid_request: 400,
  invalid_input: 422,
  unauthenticated: 401,
  forbidden: 403,
  route_not_found: 404,
  model_not_found: 404,
  task_not_found: 404,
  batch_not_found: 404,
  instance_not_found: 404,
  user_not_found: 404,
  key_not_found: 404,
  resource_not_found: 404,
  method_not_allowed: 405,
  not_acceptable: 406,
  idempotency_conflict: 422,
  contract_conflict: 409,
  instance_limit: 409,
  instance_uncontrolled: 409,
  task_ended: 409,
  task_not_retryable: 409,
  name_taken: 409,
  conflict: 409,
  body_too_large: 413,
  unsupported_media_type: 415,
  backlog_full: 429,
  too_many_requests: 429,
  no_live_instance: 503,
  model_failing: 503,
  queue_unavailable: 503,
  store_unavailable: 503,
  registry_unavailable: 503,
  bad_gateway: 502,
  gateway_timeout: 504,
  internal: 500,
};

/** An RFC 9457 problem. */
export interface Problem {
  /** A stable URI reference under `/problems/`. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** The path of the request. */
  readonly instance: string;
  readonly errors?: readonly FieldError[];
  /** The task that ended without a result. */
  readonly task?: TaskSummaryBody;
}

/** Prevents browsers from guessing another media type. */
export const NO_SNIFFING = { 'X-Content-Type-Options': 'nosniff' } as const;

/** Answers that are private to their caller. */
export const NEVER_STORED = { 'Cache-Control': 'no-store' } as const;

/** Browsers never use plain HTTP for this host, for a year. */
export const HTTPS_ONLY = { 'Strict-Transport-Security': 'max-age=31536000' } as const;

/** The authentication scheme for callers (RFC 6750). */
export const CHALLENGE = { 'WWW-Authenticate': 'Bearer realm="modelyard"' } as const;

/** `Retry-After` of 429 and 503 for errors without one, in seconds. */
const DEFAULT_RETRY_AFTER_SECONDS = 5;

/** The problem of an error. Unknown errors and `internal` reveal no details. */
export function problemOf(error: unknown, instance: string): Problem {
  const { code, message, errors } = isOurs(error) ? error : UNKNOWN;
  return {
    ...namedProblem(code, STATUS[code], code === 'internal' ? UNKNOWN.message : message, instance),
    ...(errors.length > 0 ? { errors } : {}),
  };
}

/** A problem whose type and title are derived from a code. */
export const namedProblem = (code: string, status: number, detail: string, instance: string): Problem => ({
  type: `/problems/${code.replaceAll('_', '-')}`,
  title: code === 'internal' ? 'Internal error' : sentenceCase(code.replaceAll('_', ' ')),
  status,
  detail,
  instance,
});

/** The response to a failed request. */
export function problemResponse(
  error: unknown,
  instance: string,
  headers: Readonly<Record<string, string>> = {},
): ProxyResult {
  return sendProblem(problemOf(error, instance), { ...retryAfter(error), ...headers });
}

export const sendProblem = (problem: Problem, headers: Readonly<Record<string, string>> = {}): ProxyResult => ({
  statusCode: problem.status,
  headers: { 'Content-Type': PROBLEM_TYPE, ...NEVER_STORED, ...(problem.status === 401 ? CHALLENGE : {}), ...headers },
  body: JSON.stringify(problem),
});

/** Whether the error is a fault of the server, which is logged with its cause. */
export const isServerFault = (error: unknown): boolean => !isOurs(error) || STATUS[error.code] >= 500;

function retryAfter(error: unknown): Readonly<Record<string, string>> {
  if (!isOurs(error)) return {};
  const status = STATUS[error.code];
  const fallback = status === 429 || status === 503 ? DEFAULT_RETRY_AFTER_SECONDS : undefined;
  const seconds = error.retryAfterSeconds ?? fallback;
  if (seconds === undefined) return {};
  const wait = Math.max(1, Math.ceil(seconds));
  return { 'Retry-After': String(wait), ...rateLimit(error.quota, wait) };
}

/** https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ */
const rateLimit = (quota: Quota | undefined, wait: number): Readonly<Record<string, string>> =>
  quota
    ? {
        RateLimit: `"${quota.name}";r=0;t=${wait}`,
        'RateLimit-Policy': `"${quota.name}";q=${quota.limit}${quota.windowSeconds === undefined ? '' : `;w=${quota.windowSeconds}`}`,
      }
    : {};

const UNKNOWN = new ModelyardError('internal', 'An internal error occurred. The request may be retried.');

const isOurs = (error: unknown): error is ModelyardError => error instanceof ModelyardError;

const sentenceCase = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
