import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { ModelyardError, type Payload, TASK_STATES, type Task, type TaskError, type TaskResult } from '#core';
import type { TaskChanges } from '#core/events';
import { B, type Item, N, optional, present, readNumber, readOptionalNumber, readString, S } from '../attributes.ts';

/** The attributes that events change. */
export const toMutableItem = (task: TaskChanges): Item =>
  present({
    state: optional(task.state, S),
    fence: optional(task.fence, N),
    attempts: optional(task.attempts, N),
    copy: optional(task.copy, N),
    startedAlone: optional(task.startedAlone, (alone) => ({ BOOL: alone })),
    copies: optional(task.copies, N),
    resentAt: optional(task.resentAt, N),
    sentAt: optional(task.sentAt, N),
    startedAt: optional(task.startedAt, N),
    endedAt: optional(task.endedAt, N),
    result: optional(task.result, fromResult),
    error: optional(task.error, fromError),
    deadLetter: optional(task.deadLetter, B),
    envelope: optional(task.envelope, B),
    round: optional(task.round, N),
    instance: optional(task.instance, S),
    deadlineAt: optional(task.deadlineAt, N),
    progress: optional(task.progress, (progress) => S(JSON.stringify(progress))),
  });

export const toItem = (task: Task): Item => ({
  ...toMutableItem(task),
  id: S(task.id),
  model: S(task.model),
  owner: S(task.owner),
  contractHash: S(task.contractHash),
  requestHash: S(task.requestHash),
  createdAt: N(task.createdAt),
  deadlineAt: N(task.deadlineAt),
  retainedUntil: N(task.retainedUntil),
});

const OPTIONAL_NUMBERS = ['round', 'copies', 'resentAt', 'sentAt', 'startedAt', 'endedAt'] as const;

/** Reads a row that `toItem` or an update has written. */
export function fromItem(item: Item): Task {
  const numbers = OPTIONAL_NUMBERS.map((name) => [name, readOptionalNumber(item, name)] as const);
  return {
    id: readString(item, 'id'),
    model: readString(item, 'model'),
    owner: readString(item, 'owner'),
    state: readState(item),
    ...readCounts(item),
    contractHash: readString(item, 'contractHash'),
    requestHash: readString(item, 'requestHash'),
    createdAt: readNumber(item, 'createdAt'),
    deadlineAt: readNumber(item, 'deadlineAt'),
    retainedUntil: readNumber(item, 'retainedUntil'),
    ...Object.fromEntries(numbers.filter(([, value]) => value !== undefined)),
    ...(item.result?.M ? { result: toResult(item.result.M) } : {}),
    ...(item.error?.M ? { error: toError(item.error.M) } : {}),
    ...(item.deadLetter?.B ? { deadLetter: item.deadLetter.B } : {}),
    ...(item.envelope?.B ? { envelope: item.envelope.B } : {}),
    ...(item.instance?.S === undefined ? {} : { instance: item.instance.S }),
    ...(item.progress?.S === undefined ? {} : { progress: JSON.parse(item.progress.S) }),
    ...(item.history?.L ? { history: item.history.L.map(({ S: entry = '' }) => JSON.parse(entry)) } : {}),
  };
}

/** Earlier builds stored neither fence nor copy: fence equals attempts, copy is 0. */
function readCounts(item: Item): Pick<Task, 'fence' | 'attempts' | 'copy' | 'startedAlone'> {
  const recorded = readNumber(item, 'attempts');
  // An update cannot write the maximum of two numbers, so `gave-up` writes a separate attribute.
  const attempts = Math.max(recorded, readOptionalNumber(item, 'attemptsGivenUp') ?? 0);
  const fence = readOptionalNumber(item, 'fence');
  const copy = readOptionalNumber(item, 'copy') ?? (fence === undefined && recorded > 0 ? 0 : undefined);
  const startedAlone = item.startedAlone?.BOOL;
  return {
    fence: Math.max(fence ?? 0, attempts),
    attempts,
    ...(copy === undefined ? {} : { copy }),
    ...(startedAlone === undefined ? {} : { startedAlone }),
  };
}

function readState(item: Item): Task['state'] {
  const text = readString(item, 'state');
  const state = TASK_STATES.find((candidate) => candidate === text);
  if (state === undefined) throw new ModelyardError('internal', `A stored task has the unknown state "${text}".`);
  return state;
}

const fromResult = ({ contractHash, payload }: TaskResult): AttributeValue => ({
  M: {
    contractHash: S(contractHash),
    ...(payload.kind === 'inline'
      ? { bytes: B(payload.bytes) }
      : { blobKey: S(payload.key), blobSize: N(payload.size) }),
  },
});

function toResult(map: Item): TaskResult {
  const bytes = map.bytes?.B;
  const payload: Payload =
    bytes === undefined
      ? { kind: 'blob', key: readString(map, 'blobKey'), size: readNumber(map, 'blobSize') }
      : { kind: 'inline', bytes };
  return { contractHash: readString(map, 'contractHash'), payload };
}

const fromError = ({ code, message, retryable }: TaskError): AttributeValue => ({
  M: { code: S(code), message: S(message), retryable: { BOOL: retryable } },
});

const toError = (map: Item): TaskError => ({
  code: readString(map, 'code'),
  message: readString(map, 'message'),
  retryable: map.retryable?.BOOL ?? false,
});
