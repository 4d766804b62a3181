import type { ListPosition } from '../lists.ts';

/** One API call, without request and response bodies. */
export interface Call {
  /** Unique, for example a UUID of version 7. */
  readonly id: string;
  /** The id of the caller. */
  readonly owner: string;
  readonly method: string;
  /** The path of the route table, such as `/tasks/{id}`. */
  readonly route: string;
  readonly model?: string;
  readonly taskId?: string;
  readonly status: number;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly durationMs: number;
  /** The response's `X-Request-Id`. */
  readonly requestId: string;
}

export const CALL_RETENTION_MS = 30 * 24 * 3_600_000;

export const positionOfCall = ({ id, startedAt }: Call): ListPosition => ({ id, createdAt: startedAt });

export const isCallKept = ({ startedAt }: Pick<Call, 'startedAt'>, now: number): boolean =>
  startedAt + CALL_RETENTION_MS > now;
