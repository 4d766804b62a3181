import type { ListPosition } from '../list-cursor.ts';

/** One call of the API by somebody, without what was in it: bodies are never recorded. */
export interface Call {
  /** Its own, never given out twice; a UUID of version 7, say. */
  readonly id: string;
  /** Who called: the id of a user, or whatever authentication made of the caller. */
  readonly owner: string;
  readonly method: string;
  /** As in the route table, such as `/tasks/{id}`: what was asked for, not for which one. */
  readonly route: string;
  /** Absent for calls that are about no model. */
  readonly model?: string;
  /** Absent for calls that are about no single task. */
  readonly taskId?: string;
  /** Of the HTTP answer. */
  readonly status: number;
  /** Unix milliseconds. */
  readonly startedAt: number;
  /** From the request to the answer. */
  readonly durationMs: number;
  /** As in the answer's `X-Request-Id`. */
  readonly requestId: string;
}

/** How long a call can be looked up. */
export const CALL_RETENTION_MS = 30 * 24 * 3_600_000;

/** Where a call stands in its owner's list. */
export const positionOfCall = ({ id, startedAt }: Call): ListPosition => ({ id, createdAt: startedAt });

/** Whether a call can still be looked up at `now`. */
export const isCallKept = ({ startedAt }: Pick<Call, 'startedAt'>, now: number): boolean =>
  startedAt + CALL_RETENTION_MS > now;
