import { DAY_MS } from '../clock.ts';
import type { ListPosition } from '../lists.ts';

/** One API call, without request and response bodies. */
export interface Call {
  /** Unique, for example a UUID of version 7. */
  readonly id: string;
  /** The id of the caller. Empty for an unauthenticated call, for example a login. */
  readonly owner: string;
  /** The id of the API key. Undefined: another or no credential. */
  readonly key?: string;
  readonly method: string;
  /** The path of the route table, such as `/tasks/{id}`. */
  readonly route: string;
  readonly model?: string;
  readonly taskId?: string;
  readonly status: number;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly durationMs: number;
  /** Of the bodies. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** The response's `X-Request-Id`. */
  readonly requestId: string;
}

export const CALL_RETENTION_DAYS = 30;
export const CALL_RETENTION_MS = CALL_RETENTION_DAYS * DAY_MS;

export const positionOfCall = ({ id, startedAt }: Call): ListPosition => ({ id, createdAt: startedAt });

export const isCallKept = (
  { startedAt }: Pick<Call, 'startedAt'>,
  now: number,
  retentionMs: number = CALL_RETENTION_MS,
): boolean => startedAt + retentionMs > now;
