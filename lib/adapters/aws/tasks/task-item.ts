import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { ModelyardError, type Payload, TASK_STATES, type Task, type TaskError, type TaskResult } from '#core';
import { B, type Item, N, optional, present, readNumber, readOptionalNumber, readString, S } from '../attributes.ts';

/** The attributes of a task's row that applying events changes. */
export const toMutableItem = (task: Task): Item =>
  present({
    state: S(task.state),
    attempts: N(task.attempts),
    startedAt: optional(task.startedAt, N),
    endedAt: optional(task.endedAt, N),
    result: optional(task.result, fromResult),
    error: optional(task.error, fromError),
    deadLetter: optional(task.deadLetter, B),
  });

/** A task's row, without the attributes of its indexes. */
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

/** Reads what `toItem` wrote, and what updates made of it. */
export function fromItem(item: Item): Task {
  const startedAt = readOptionalNumber(item, 'startedAt');
  const endedAt = readOptionalNumber(item, 'endedAt');
  return {
    id: readString(item, 'id'),
    model: readString(item, 'model'),
    owner: readString(item, 'owner'),
    state: readState(item),
    // Of two numbers an update cannot write the greater one, so giving up leaves its own beside the fence.
    attempts: Math.max(readNumber(item, 'attempts'), readOptionalNumber(item, 'attemptsGivenUp') ?? 0),
    contractHash: readString(item, 'contractHash'),
    requestHash: readString(item, 'requestHash'),
    createdAt: readNumber(item, 'createdAt'),
    deadlineAt: readNumber(item, 'deadlineAt'),
    retainedUntil: readNumber(item, 'retainedUntil'),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
    ...(item.result?.M ? { result: toResult(item.result.M) } : {}),
    ...(item.error?.M ? { error: toError(item.error.M) } : {}),
    ...(item.deadLetter?.B ? { deadLetter: item.deadLetter.B } : {}),
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
