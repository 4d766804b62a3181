import { UnreadableMessageError } from '#contract';
import { type EnvelopeFields, readFields, writeEnvelope } from './envelope-wire.ts';
import type { Priority } from './fair-order.ts';
import type { Payload } from './payload.ts';

/** W3C Trace Context of the caller. */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string;
}

/** The message of a task in a queue. Times are Unix milliseconds. */
export interface Envelope {
  readonly taskId: string;
  readonly model: string;
  readonly owner: string;
  readonly request: Payload;
  /** The contract that the request was encoded with. */
  readonly contractHash: string;
  readonly deadlineAt: number;
  readonly submittedAt: number;
  /** Maximum duration of one run, if the caller asked for less than the model's limit. */
  readonly timeoutSeconds?: number;
  readonly trace?: TraceContext;
  /** `requestHash` of the task. Messages of earlier builds have none; it is not checked then. */
  readonly requestHash?: string;
  /** 0 for the first message of the task, n for the nth message that a repeated submit sent. */
  readonly copy: number;
  /** How often the task was retried before. Absent if never. */
  readonly round?: number;
  /** Selects the version that answers during a roll-out. Absent: the id of the task. */
  readonly routingKey?: string;
  /** Of the submit, so that a retry has it too. Absent if normal. */
  readonly priority?: Priority;
  /** The `X-Request-Id` of the submit or retry. Messages of earlier builds have none. */
  readonly requestId?: string;
}

/** Encodes a `modelyard.v1.TaskEnvelope`. */
export const encodeEnvelope = (envelope: Envelope): Uint8Array => writeEnvelope(envelope);

/** Undefined for a message that is not an envelope. Such a message never becomes readable. */
export function readEnvelope(body: Uint8Array): Envelope | undefined {
  try {
    return decodeEnvelope(body);
  } catch (error) {
    if (error instanceof UnreadableMessageError) return undefined;
    throw error;
  }
}

/** Throws `UnreadableMessageError` for malformed bytes and for an envelope without a task id, a model or a payload. */
export function decodeEnvelope(body: Uint8Array): Envelope {
  const { taskId, model, request, trace, timeoutSeconds, requestHash, routingKey, priority, requestId, ...rest } =
    decodeFields(body);
  if (!taskId || !model || !request) {
    throw new UnreadableMessageError('The envelope has no task id, no model or no payload.');
  }
  return {
    taskId,
    model,
    owner: rest.owner ?? '',
    request,
    contractHash: rest.contractHash ?? '',
    deadlineAt: rest.deadlineAt ?? 0,
    submittedAt: rest.submittedAt ?? 0,
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    ...(trace?.traceparent ? { trace } : {}),
    ...(requestHash ? { requestHash } : {}),
    copy: rest.copy ?? 0,
    ...(rest.round ? { round: rest.round } : {}),
    ...(routingKey ? { routingKey } : {}),
    ...(priority ? { priority } : {}),
    ...(requestId ? { requestId } : {}),
  };
}

function decodeFields(body: Uint8Array): EnvelopeFields {
  try {
    return readFields(body);
  } catch (cause) {
    throw new UnreadableMessageError('The bytes are not a modelyard.v1.TaskEnvelope.', { cause });
  }
}
