import type { HistoryEntry, Payload, Task, TaskError, TaskProgress, TaskState } from '#core';

/** A row of the table of tasks. */
export interface TaskRow {
  readonly id: string;
  readonly model: string;
  readonly owner: string;
  readonly state: string;
  readonly fence: number;
  readonly attempts: number;
  readonly copy: number | null;
  readonly started_alone: number | null;
  readonly copies: number | null;
  readonly resent_at: number | null;
  readonly sent_at: number | null;
  readonly contract_hash: string;
  readonly request_hash: string;
  readonly created_at: number;
  readonly deadline_at: number;
  readonly retained_until: number;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly error: string | null;
  readonly result_contract_hash: string | null;
  readonly result_key: string | null;
  readonly result_size: number | null;
  readonly result: Uint8Array | null;
  readonly dead_letter: Uint8Array | null;
  readonly round: number | null;
  readonly instance: string | null;
  readonly history: string | null;
  readonly envelope: Uint8Array | null;
  readonly progress: string | null;
}

/** Columns that never change, and columns that events change, in the order of the value functions below. */
export const FIXED = [
  'id',
  'model',
  'owner',
  'contract_hash',
  'request_hash',
  'created_at',
  'retained_until',
] as const satisfies readonly (keyof TaskRow)[];

export const CHANGING = [
  'state',
  'fence',
  'attempts',
  'copy',
  'started_alone',
  'copies',
  'resent_at',
  'sent_at',
  'started_at',
  'ended_at',
  'error',
  'result_contract_hash',
  'result_key',
  'result_size',
  'result',
  'dead_letter',
  'deadline_at',
  'round',
  'instance',
  'history',
  'envelope',
  'progress',
] as const satisfies readonly (keyof TaskRow)[];

type Value = string | number | Uint8Array | null;

export const fixedValues = (task: Task): Value[] => [
  task.id,
  task.model,
  task.owner,
  task.contractHash,
  task.requestHash,
  task.createdAt,
  task.retainedUntil,
];

export const changingValues = (task: Task): Value[] => [
  task.state,
  task.fence,
  task.attempts,
  task.copy ?? null,
  task.startedAlone === undefined ? null : Number(task.startedAlone),
  task.copies ?? null,
  task.resentAt ?? null,
  task.sentAt ?? null,
  task.startedAt ?? null,
  task.endedAt ?? null,
  task.error ? JSON.stringify(task.error) : null,
  task.result?.contractHash ?? null,
  ...payloadValues(task.result?.payload),
  task.deadLetter ?? null,
  task.deadlineAt,
  task.round ?? null,
  task.instance ?? null,
  task.history ? JSON.stringify(task.history) : null,
  task.envelope ?? null,
  task.progress ? JSON.stringify(task.progress) : null,
];

function payloadValues(payload: Payload | undefined): readonly [key: Value, size: Value, bytes: Value] {
  if (!payload) return [null, null, null];
  return payload.kind === 'inline' ? [null, null, payload.bytes] : [payload.key, payload.size, null];
}

/** NULL columns are absent from the task. */
export function toTask(row: TaskRow): Task {
  const task: { -readonly [Field in keyof Task]: Task[Field] } = {
    id: row.id,
    model: row.model,
    owner: row.owner,
    state: row.state as TaskState,
    fence: row.fence,
    attempts: row.attempts,
    contractHash: row.contract_hash,
    requestHash: row.request_hash,
    createdAt: row.created_at,
    deadlineAt: row.deadline_at,
    retainedUntil: row.retained_until,
  };
  if (row.copy !== null) task.copy = row.copy;
  if (row.started_alone !== null) task.startedAlone = row.started_alone === 1;
  if (row.copies !== null) task.copies = row.copies;
  if (row.resent_at !== null) task.resentAt = row.resent_at;
  if (row.sent_at !== null) task.sentAt = row.sent_at;
  if (row.started_at !== null) task.startedAt = row.started_at;
  if (row.ended_at !== null) task.endedAt = row.ended_at;
  // Only this adapter writes this column.
  if (row.error !== null) task.error = JSON.parse(row.error) as TaskError;
  if (row.result_contract_hash !== null) {
    task.result = { contractHash: row.result_contract_hash, payload: payloadOf(row) };
  }
  if (row.dead_letter !== null) task.deadLetter = row.dead_letter;
  if (row.round !== null) task.round = row.round;
  if (row.instance !== null) task.instance = row.instance;
  if (row.history !== null) task.history = JSON.parse(row.history) as HistoryEntry[];
  if (row.envelope !== null) task.envelope = row.envelope;
  if (row.progress !== null) task.progress = JSON.parse(row.progress) as TaskProgress;
  return task;
}

const payloadOf = ({ result, result_key: key, result_size: size }: TaskRow): Payload =>
  key === null ? { kind: 'inline', bytes: result ?? new Uint8Array() } : { kind: 'blob', key, size: size ?? 0 };
