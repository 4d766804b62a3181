import { applyEvent, type Task, type TaskEvent } from '#core';
import { asBuffer } from './task-record.ts';

/** Every gateway hears of every task, so only results up to this size are told along. */
const MAX_TOLD_BYTES = 4096;

interface Told {
  readonly fence?: number;
  readonly attempts?: number;
  /** Told by earlier builds instead of the two. */
  readonly attempt?: number;
  readonly startedAt: number;
  readonly at: number;
  readonly contractHash: string;
  /** Absent in messages of earlier builds. */
  readonly requestHash?: string;
  /** Base64. */
  readonly result: string;
}

/** What those who wait are told of the end of a task: its id, and behind a space its success when that is small. */
export function tellEnd(id: string, event: TaskEvent): string {
  if (event.type !== 'succeeded') return id;
  const { fence, attempts, startedAt, at, requestHash } = event;
  const { contractHash, payload } = event.result;
  if (payload.kind !== 'inline' || payload.bytes.byteLength > MAX_TOLD_BYTES) return id;
  const result = asBuffer(payload.bytes).toString('base64');
  return `${id} ${JSON.stringify({ fence, attempts, startedAt, at, contractHash, requestHash, result } satisfies Told)}`;
}

/** The task that something is told of. */
export function toldId(told: string): string {
  const end = told.indexOf(' ');
  return end < 0 ? told : told.slice(0, end);
}

/** The task, as it was when it began, after the success that is told; undefined when only its end is, or another request's. */
export function readTold(begun: Task, told: string): Task | undefined {
  const end = told.indexOf(' ');
  if (end < 0) return undefined;
  // Told by this file alone.
  const {
    contractHash,
    requestHash = begun.requestHash,
    result,
    attempt = 1,
    fence = attempt,
    attempts = attempt,
    ...times
  } = JSON.parse(told.slice(end)) as Told;
  if (requestHash !== begun.requestHash) return undefined;
  const payload = { kind: 'inline', bytes: new Uint8Array(Buffer.from(result, 'base64')) } as const;
  return applyEvent(begun, { type: 'succeeded', fence, attempts, ...times, result: { contractHash, payload } }).task;
}
