import { TaskEnvelope } from '#proto/modelyard/v1/task_envelope.ts';
import { UnreadableMessageError } from '#schema';
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
}

export function encodeEnvelope(envelope: Envelope): Uint8Array {
  const { request, trace, timeoutSeconds } = envelope;
  return TaskEnvelope.encode({
    task_id: envelope.taskId,
    model: envelope.model,
    owner: envelope.owner,
    ...(request.kind === 'inline'
      ? { request: request.bytes }
      : { request_blob: { key: request.key, size_bytes: request.size } }),
    descriptor_hash: envelope.contractHash,
    deadline_unix_ms: BigInt(envelope.deadlineAt),
    submitted_unix_ms: BigInt(envelope.submittedAt),
    ...(timeoutSeconds === undefined ? {} : { timeout_seconds: timeoutSeconds }),
    ...(trace ? { trace_context: { traceparent: trace.traceparent, tracestate: trace.tracestate ?? '' } } : {}),
  });
}

/** Throws `UnreadableMessageError` for bytes that are not an envelope, or that name no task or payload. */
export function decodeEnvelope(body: Uint8Array): Envelope {
  const message = TaskEnvelope.decode(body);
  const request = payloadOf(message);
  if (!message.task_id || !message.model || !request) {
    throw new UnreadableMessageError('The envelope names no task, no model or no payload.');
  }
  const trace = message.trace_context;
  return {
    taskId: message.task_id,
    model: message.model,
    owner: message.owner,
    request,
    contractHash: message.descriptor_hash,
    deadlineAt: Number(message.deadline_unix_ms),
    submittedAt: Number(message.submitted_unix_ms),
    ...(message.timeout_seconds === undefined ? {} : { timeoutSeconds: message.timeout_seconds }),
    ...(trace?.traceparent ? { trace: { traceparent: trace.traceparent, tracestate: trace.tracestate } } : {}),
  };
}

function payloadOf({ request, request_blob: blob }: TaskEnvelope): Payload | undefined {
  if (blob) return { kind: 'blob', key: blob.key, size: blob.size_bytes };
  return request ? { kind: 'inline', bytes: request } : undefined;
}
