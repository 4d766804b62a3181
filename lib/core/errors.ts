import type { FieldError } from '#contract';

/**
 * All error codes. They are stable, because clients and alarms depend on them. `lib/api/http/problem.ts` maps each to
 * an HTTP status and does not compile without it.
 */
export type ErrorCode =
  | 'unreadable_body'
  | 'invalid_request'
  | 'invalid_input'
  | 'unauthenticated'
  | 'forbidden'
  | 'route_not_found'
  | 'model_not_found'
  | 'task_not_found'
  | 'batch_not_found'
  | 'instance_not_found'
  | 'user_not_found'
  | 'key_not_found'
  | 'resource_not_found'
  | 'method_not_allowed'
  | 'not_acceptable'
  | 'idempotency_conflict'
  | 'contract_conflict'
  | 'instance_limit'
  | 'instance_uncontrolled'
  | 'task_ended'
  | 'task_not_retryable'
  | 'name_taken'
  | 'conflict'
  | 'body_too_large'
  | 'unsupported_media_type'
  | 'backlog_full'
  | 'too_many_requests'
  | 'no_live_instance'
  | 'model_failing'
  | 'queue_unavailable'
  | 'store_unavailable'
  | 'registry_unavailable'
  | 'bad_gateway'
  | 'gateway_timeout'
  | 'internal';

/** The code of an error, `internal` of one that is not ours. */
export const codeOf = (error: unknown): ErrorCode => (error instanceof ModelyardError ? error.code : 'internal');

export interface ModelyardErrorOptions extends ErrorOptions {
  /** Whether the same call may succeed later. @default false */
  readonly retryable?: boolean;
  readonly errors?: readonly FieldError[];
  /** Whole seconds. */
  readonly retryAfterSeconds?: number;
  /** The limit of the user that was reached. */
  readonly quota?: Quota;
}

/** A limit of a user. */
export interface Quota {
  readonly name: 'requests' | 'tasks-waiting' | 'tasks-per-day';
  readonly limit: number;
  /** The time for which the limit holds. Absent: always. */
  readonly windowSeconds?: number;
}

/** The only error class between rooms. Callers decide by `code` and `retryable`, never by the message. */
export class ModelyardError extends Error {
  override readonly name = 'ModelyardError';
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly errors: readonly FieldError[];
  readonly retryAfterSeconds: number | undefined;
  readonly quota: Quota | undefined;

  constructor(code: ErrorCode, message: string, options: ModelyardErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.errors = options.errors ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.quota = options.quota;
  }
}

export type Unavailable = 'queue_unavailable' | 'store_unavailable' | 'registry_unavailable';

/** Default messages. */
export const UNREACHABLE: Readonly<Record<Unavailable, string>> = {
  queue_unavailable: 'The task queue cannot be reached.',
  store_unavailable: 'The task store cannot be reached.',
  registry_unavailable: 'The registry cannot be reached.',
};

/** Whether a code says that a service did not respond. */
export const isUnavailable = (code: string): code is Unavailable => Object.hasOwn(UNREACHABLE, code);

/** The error for a service that did not respond. The operation may be retried. */
export const unavailable = (code: Unavailable, message: string, cause: unknown): ModelyardError =>
  new ModelyardError(code, message, { retryable: true, cause, retryAfterSeconds: 5 });
