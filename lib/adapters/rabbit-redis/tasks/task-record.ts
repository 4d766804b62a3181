import {
  type HistoryEntry,
  ModelyardError,
  TASK_STATES,
  type Task,
  type TaskError,
  type TaskEvent,
  type TaskProgress,
  type TaskResult,
} from '#core';
import { applyEvent } from '#core/events';

/** Alternating field names and values of a task. Absent fields are omitted. */
export type TaskFields = readonly (string | Buffer)[];

/** A hash as the client returns it. */
export type StoredFields = ReadonlyMap<string, Buffer>;

const OPTIONAL_NUMBERS = ['round', 'copies', 'resentAt', 'sentAt', 'startedAt', 'endedAt'] as const;
const NUMBERS = ['fence', 'attempts', 'copy', 'createdAt', 'deadlineAt', 'retainedUntil', ...OPTIONAL_NUMBERS] as const;
const TEXTS = ['id', 'model', 'owner', 'state', 'contractHash', 'requestHash', 'instance'] as const;

export function toFields(task: Partial<Task>): TaskFields {
  const fields: (string | Buffer)[] = [];
  for (const name of TEXTS) if (task[name] !== undefined) fields.push(name, task[name]);
  for (const name of NUMBERS) if (task[name] !== undefined) fields.push(name, String(task[name]));
  if (task.startedAlone !== undefined) fields.push('startedAlone', task.startedAlone ? '1' : '0');
  if (task.error) fields.push('error', JSON.stringify(task.error));
  if (task.deadLetter) fields.push('deadLetter', asBuffer(task.deadLetter));
  if (task.envelope) fields.push('envelope', asBuffer(task.envelope));
  if (task.progress) fields.push('progress', JSON.stringify(task.progress));
  if (task.result) {
    const { contractHash, payload } = task.result;
    const kept = payload.kind === 'inline' ? { contractHash } : { contractHash, key: payload.key, size: payload.size };
    fields.push('result', JSON.stringify(kept));
    if (payload.kind === 'inline') fields.push('resultBytes', asBuffer(payload.bytes));
  }
  return fields;
}

/** Throws for a hash that is not a task. */
export function toTask(fields: StoredFields): Task {
  const text = (name: string): string | undefined => fields.get(name)?.toString();
  const number = (name: string): number => Number(required(text(name), name));
  const present = OPTIONAL_NUMBERS.filter((name) => fields.has(name));
  const error = text('error');
  const deadLetter = fields.get('deadLetter');
  const envelope = fields.get('envelope');
  const instance = text('instance');
  const history = text('history');
  const progress = text('progress');
  return {
    id: required(text('id'), 'id'),
    model: required(text('model'), 'model'),
    owner: required(text('owner'), 'owner'),
    state: required(
      TASK_STATES.find((state) => state === text('state')),
      'state',
    ),
    ...toCounts(fields),
    contractHash: required(text('contractHash'), 'contractHash'),
    requestHash: required(text('requestHash'), 'requestHash'),
    createdAt: number('createdAt'),
    deadlineAt: number('deadlineAt'),
    retainedUntil: number('retainedUntil'),
    ...Object.fromEntries(present.map((name) => [name, number(name)])),
    ...(fields.has('result')
      ? { result: toResult(required(text('result'), 'result'), fields.get('resultBytes')) }
      : {}),
    // Only this file writes the field, so the cast is safe.
    ...(error === undefined ? {} : { error: JSON.parse(error) as TaskError }),
    ...(deadLetter === undefined ? {} : { deadLetter: asBytes(deadLetter) }),
    ...(envelope === undefined ? {} : { envelope: asBytes(envelope) }),
    ...(instance === undefined ? {} : { instance }),
    ...(progress === undefined ? {} : { progress: JSON.parse(progress) as TaskProgress }),
    ...(history === undefined ? {} : { history: readHistory(history) }),
  };
}

/** One line per entry, because a script can append it. */
const readHistory = (lines: string): HistoryEntry[] =>
  lines
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as HistoryEntry);

/** Earlier builds stored neither fence nor copy: fence equals attempts, copy is 0. */
function toCounts(fields: StoredFields): Pick<Task, 'fence' | 'attempts' | 'copy' | 'startedAlone'> {
  const text = (name: string): string | undefined => fields.get(name)?.toString();
  const attempts = Number(required(text('attempts'), 'attempts'));
  const fence = text('fence');
  const copy = text('copy') ?? (fence === undefined && attempts > 0 ? '0' : undefined);
  const startedAlone = text('startedAlone');
  return {
    fence: Math.max(Number(fence ?? 0), attempts),
    attempts,
    ...(copy === undefined ? {} : { copy: Number(copy) }),
    ...(startedAlone === undefined ? {} : { startedAlone: startedAlone === '1' }),
  };
}

function toResult(json: string, bytes: Buffer | undefined): TaskResult {
  const { contractHash, key, size } = JSON.parse(json) as { contractHash: string; key: string; size: number };
  const payload = bytes ? ({ kind: 'inline', bytes: asBytes(bytes) } as const) : ({ kind: 'blob', key, size } as const);
  return { contractHash, payload };
}

function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new ModelyardError('internal', `A stored task has no valid "${name}".`);
  return value;
}

/** Same memory, other type. */
export const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Same memory, other type. */
export const asBytes = (buffer: Buffer): Uint8Array =>
  new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);

/** Maximum size of a result in a notification, because every gateway receives all notifications. */
const MAX_NOTICE_RESULT_BYTES = 4096;

interface NoticeOfSuccess {
  readonly fence?: number;
  readonly attempts?: number;
  /** Replaces `fence` and `attempts` in notifications of earlier builds. */
  readonly attempt?: number;
  readonly startedAt: number;
  readonly at: number;
  readonly contractHash: string;
  /** Absent in notifications of earlier builds. */
  readonly requestHash?: string;
  readonly instance?: string;
  /** Base64. */
  readonly result: string;
}

/** The notification of an ended task: its id, followed by a space and the success if that is small. */
export function endNotice(id: string, event: TaskEvent): string {
  if (event.type !== 'succeeded') return id;
  const { fence, attempts, startedAt, at, requestHash, instance } = event;
  const { contractHash, payload } = event.result;
  if (payload.kind !== 'inline' || payload.bytes.byteLength > MAX_NOTICE_RESULT_BYTES) return id;
  const result = asBuffer(payload.bytes).toString('base64');
  return `${id} ${JSON.stringify({ fence, attempts, startedAt, at, contractHash, requestHash, ...(instance === undefined ? {} : { instance }), result } satisfies NoticeOfSuccess)}`;
}

export function idOfNotice(notice: string): string {
  const end = notice.indexOf(' ');
  return end < 0 ? notice : notice.slice(0, end);
}

/** Completes the created task. Undefined if the notification has no success or is of another request. */
export function readNotice(created: Task, notice: string): Task | undefined {
  const end = notice.indexOf(' ');
  if (end < 0) return undefined;
  // Only this file writes notifications, so the cast is safe.
  const {
    contractHash,
    requestHash = created.requestHash,
    result,
    attempt = 1,
    fence = attempt,
    attempts = attempt,
    ...times
  } = JSON.parse(notice.slice(end)) as NoticeOfSuccess;
  if (requestHash !== created.requestHash) return undefined;
  const payload = { kind: 'inline', bytes: new Uint8Array(Buffer.from(result, 'base64')) } as const;
  return applyEvent(created, { type: 'succeeded', fence, attempts, ...times, result: { contractHash, payload } }).task;
}
