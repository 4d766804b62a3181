import {
  applyEvent,
  ModelyardError,
  TASK_STATES,
  type Task,
  type TaskError,
  type TaskEvent,
  type TaskResult,
} from '#core';

/** A task as Redis keeps it: names and values of fields in turns, those that a task does not have left out. */
export type TaskFields = readonly (string | Buffer)[];

/** A hash as the client reads it. */
export type StoredFields = ReadonlyMap<string, Buffer>;

const OPTIONAL_NUMBERS = ['copies', 'resentAt', 'sentAt', 'startedAt', 'endedAt'] as const;
const NUMBERS = ['fence', 'attempts', 'copy', 'createdAt', 'deadlineAt', 'retainedUntil', ...OPTIONAL_NUMBERS] as const;
const TEXTS = ['id', 'model', 'owner', 'state', 'contractHash', 'requestHash'] as const;

/** The fields of a task, or of the part of one that an event changes. */
export function toFields(task: Partial<Task>): TaskFields {
  const fields: (string | Buffer)[] = [];
  for (const name of TEXTS) if (task[name] !== undefined) fields.push(name, task[name]);
  for (const name of NUMBERS) if (task[name] !== undefined) fields.push(name, String(task[name]));
  if (task.startedAlone !== undefined) fields.push('startedAlone', task.startedAlone ? '1' : '0');
  if (task.error) fields.push('error', JSON.stringify(task.error));
  if (task.deadLetter) fields.push('deadLetter', asBuffer(task.deadLetter));
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
    // Written by this file alone, so what is in there is what was put there.
    ...(error === undefined ? {} : { error: JSON.parse(error) as TaskError }),
    ...(deadLetter === undefined ? {} : { deadLetter: asBytes(deadLetter) }),
  };
}

/** In hashes of earlier builds the attempts are the fence as well, and only original messages were recorded. */
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
  if (value === undefined) throw new ModelyardError('internal', `A stored task has no readable "${name}".`);
  return value;
}

/** The same memory under the client's type. */
export const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The same memory as everybody else's type. */
export const asBytes = (buffer: Buffer): Uint8Array =>
  new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);

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
