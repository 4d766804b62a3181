import { UnreadableMessageError } from '#contract';
import { type EnvelopeFields, readFields, writeEnvelope } from './envelope-wire.ts';
import type { Payload } from './payload.ts';

/** W3C Trace Context, as the caller sent it. */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string;
}

/** One task on its way to a model. Times are Unix milliseconds. */
export interface Envelope {
  readonly taskId: string;
  readonly model: string;
  readonly owner: string;
  readonly request: Payload;
  /** The contract that the request was encoded with. */
  readonly contractHash: string;
  readonly deadlineAt: number;
  readonly submittedAt: number;
  /** The longest one run may take, when the caller asked for less than the model allows. */
  readonly timeoutSeconds?: number;
  readonly trace?: TraceContext;
  /** `requestHash` of the task's row. Absent in messages of earlier builds: then it is not compared. */
  readonly requestHash?: string;
  /** 0 for the message that the submit sent, n for the nth that repeats of it sent. */
  readonly copy: number;
}

/** The bytes of the envelope, a `modelyard.v1.TaskEnvelope`. */
export const encodeEnvelope = (envelope: Envelope): Uint8Array => writeEnvelope(envelope);

/** The envelope, or undefined for bytes that are not one: such a message can never run. */
export function readEnvelope(body: Uint8Array): Envelope | undefined {
  try {
    return decodeEnvelope(body);
  } catch (error) {
    if (error instanceof UnreadableMessageError) return undefined;
    throw error;
  }
}

/** Throws `UnreadableMessageError` for bytes that are not an envelope, or that name no task or payload. */
export function decodeEnvelope(body: Uint8Array): Envelope {
  const { taskId, model, request, trace, timeoutSeconds, requestHash, ...rest } = decodeFields(body);
  if (!taskId || !model || !request) {
    throw new UnreadableMessageError('The envelope names no task, no model or no payload.');
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
  };
}

function decodeFields(body: Uint8Array): EnvelopeFields {
  try {
    return readFields(body);
  } catch (cause) {
    throw new UnreadableMessageError('The bytes are not a modelyard.v1.TaskEnvelope.', { cause });
  }
}
