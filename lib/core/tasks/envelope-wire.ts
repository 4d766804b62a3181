import { Reader, Writer } from '#contract';
import type { Envelope, TraceContext } from './envelope.ts';
import { PRIORITIES } from './fair-order.ts';
import type { Payload } from './payload.ts';

// Hand-written codec of `modelyard.v1.TaskEnvelope`: setting up reflection takes half of a cold start, and every submit
// needs the codec. A property test compares it with the code generated from the .proto.

const VARINT = 0;
const BYTES = 2;
const field = (number: number, wireType: number): number => (number << 3) | wireType;

const TAG = {
  taskId: field(1, BYTES),
  model: field(2, BYTES),
  owner: field(3, BYTES),
  request: field(4, BYTES),
  requestBlob: field(5, BYTES),
  contractHash: field(6, BYTES),
  deadlineAt: field(7, VARINT),
  submittedAt: field(8, VARINT),
  timeoutSeconds: field(9, VARINT),
  trace: field(10, BYTES),
  requestHash: field(11, BYTES),
  copy: field(12, VARINT),
  round: field(13, VARINT),
  routingKey: field(14, BYTES),
  priority: field(15, BYTES),
  requestId: field(16, BYTES),
} as const;

/** Tags of the nested messages, `BlobReference` and `TraceContext`. */
const INNER = { firstText: field(1, BYTES), secondText: field(2, BYTES), secondNumber: field(2, VARINT) } as const;

export type EnvelopeFields = { -readonly [Name in keyof Envelope]?: Envelope[Name] };

/** Omits default values, as proto3 requires. */
export function writeEnvelope(envelope: Envelope): Uint8Array {
  const writer = Writer.create();
  writeText(writer, TAG.taskId, envelope.taskId);
  writeText(writer, TAG.model, envelope.model);
  writeText(writer, TAG.owner, envelope.owner);
  writePayload(writer, envelope.request);
  writeText(writer, TAG.contractHash, envelope.contractHash);
  if (envelope.deadlineAt !== 0) writer.uint32(TAG.deadlineAt).int64(envelope.deadlineAt);
  if (envelope.submittedAt !== 0) writer.uint32(TAG.submittedAt).int64(envelope.submittedAt);
  if (envelope.timeoutSeconds !== undefined) writer.uint32(TAG.timeoutSeconds).uint32(envelope.timeoutSeconds);
  if (envelope.trace) {
    writer.uint32(TAG.trace).fork();
    writeText(writer, INNER.firstText, envelope.trace.traceparent);
    writeText(writer, INNER.secondText, envelope.trace.tracestate ?? '');
    writer.ldelim();
  }
  if (envelope.requestHash) writer.uint32(TAG.requestHash).bytes(Buffer.from(envelope.requestHash, 'hex'));
  if (envelope.copy !== 0) writer.uint32(TAG.copy).uint32(envelope.copy);
  if (envelope.round) writer.uint32(TAG.round).uint32(envelope.round);
  writeText(writer, TAG.routingKey, envelope.routingKey ?? '');
  if (envelope.priority && envelope.priority !== 'normal') writeText(writer, TAG.priority, envelope.priority);
  writeText(writer, TAG.requestId, envelope.requestId ?? '');
  const { buffer, byteOffset, byteLength } = writer.finish();
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function writePayload(writer: Writer, payload: Payload): void {
  if (payload.kind === 'inline') {
    writer.uint32(TAG.request).bytes(payload.bytes);
    return;
  }
  writer.uint32(TAG.requestBlob).fork();
  writeText(writer, INNER.firstText, payload.key);
  if (payload.size !== 0) writer.uint32(INNER.secondNumber).uint32(payload.size);
  writer.ldelim();
}

function writeText(writer: Writer, tag: number, text: string): void {
  if (text !== '') writer.uint32(tag).string(text);
}

/** Skips unknown fields. Throws the error of the reader for malformed bytes. */
export function readFields(bytes: Uint8Array): EnvelopeFields {
  // A Buffer view selects the reader that decodes strings natively.
  const reader = Reader.create(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const fields: EnvelopeFields = {};
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (!readField(reader, tag, fields)) reader.skipType(tag & 7);
  }
  return fields;
}

function readField(reader: Reader, tag: number, fields: EnvelopeFields): boolean {
  switch (tag) {
    case TAG.taskId:
      fields.taskId = reader.string();
      return true;
    case TAG.model:
      fields.model = reader.string();
      return true;
    case TAG.owner:
      fields.owner = reader.string();
      return true;
    case TAG.request:
      fields.request = { kind: 'inline', bytes: new Uint8Array(reader.bytes()) };
      return true;
    case TAG.requestBlob:
      fields.request = readBlob(reader);
      return true;
    case TAG.contractHash:
      fields.contractHash = reader.string();
      return true;
    case TAG.deadlineAt:
      fields.deadlineAt = Number(reader.int64());
      return true;
    case TAG.submittedAt:
      fields.submittedAt = Number(reader.int64());
      return true;
    case TAG.timeoutSeconds:
      fields.timeoutSeconds = reader.uint32();
      return true;
    case TAG.trace:
      fields.trace = readTrace(reader);
      return true;
    case TAG.requestHash:
      fields.requestHash = Buffer.from(reader.bytes()).toString('hex');
      return true;
    case TAG.copy:
      fields.copy = reader.uint32();
      return true;
    case TAG.round:
      fields.round = reader.uint32();
      return true;
    case TAG.priority: {
      const text = reader.string();
      const priority = PRIORITIES.find((level) => level === text);
      if (priority) fields.priority = priority;
      return true;
    }
    case TAG.routingKey:
      fields.routingKey = reader.string();
      return true;
    case TAG.requestId:
      fields.requestId = reader.string();
      return true;
    default:
      return false;
  }
}

function readBlob(reader: Reader): Payload {
  const end = reader.uint32() + reader.pos;
  const blob = { kind: 'blob' as const, key: '', size: 0 };
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === INNER.firstText) blob.key = reader.string();
    else if (tag === INNER.secondNumber) blob.size = reader.uint32();
    else reader.skipType(tag & 7);
  }
  return blob;
}

function readTrace(reader: Reader): TraceContext {
  const end = reader.uint32() + reader.pos;
  const trace = { traceparent: '', tracestate: '' };
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === INNER.firstText) trace.traceparent = reader.string();
    else if (tag === INNER.secondText) trace.tracestate = reader.string();
    else reader.skipType(tag & 7);
  }
  return trace;
}
