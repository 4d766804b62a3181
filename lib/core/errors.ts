import type { FieldError } from '#contract';

/**
 * Every way in which a request or an operation can be refused. Stable: clients and alarms depend on
 * the words. The HTTP status of each is in `lib/api/http/problem.ts`, which does not compile without it.
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
  | 'instance_not_found'
  | 'method_not_allowed'
  | 'not_acceptable'
  | 'idempotency_conflict'
  | 'contract_conflict'
  | 'instance_limit'
  | 'instance_uncontrolled'
  | 'task_ended'
  | 'body_too_large'
  | 'unsupported_media_type'
  | 'backlog_full'
  | 'no_live_instance'
  | 'queue_unavailable'
  | 'store_unavailable'
  | 'registry_unavailable'
  | 'bad_gateway'
  | 'gateway_timeout'
  | 'internal';

export interface ModelyardErrorOptions extends ErrorOptions {
  /** Whether the same call may succeed later. @default false */
  readonly retryable?: boolean;
  readonly errors?: readonly FieldError[];
  /** Whole seconds after which a retry is worth it. */
  readonly retryAfterSeconds?: number;
}

/** The one error class that crosses rooms: callers decide from `code` and `retryable`, never from the text. */
export class ModelyardError extends Error {
  override readonly name = 'ModelyardError';
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly errors: readonly FieldError[];
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, message: string, options: ModelyardErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.errors = options.errors ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** What a caller is told of when a service that the platform stands on does not answer. */
export type Unavailable = 'queue_unavailable' | 'store_unavailable' | 'registry_unavailable';

/** The same as a sentence, where nothing more is known. */
export const UNREACHABLE: Readonly<Record<Unavailable, string>> = {
  queue_unavailable: 'The task queue cannot be reached.',
  store_unavailable: 'The task store cannot be reached.',
  registry_unavailable: 'The registry cannot be reached.',
};

/** A service that the platform stands on did not answer; what was asked may be asked again. */
export const unavailable = (code: Unavailable, message: string, cause: unknown): ModelyardError =>
  new ModelyardError(code, message, { retryable: true, cause, retryAfterSeconds: 5 });
