import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UnreadableMessageError } from '#contract';
import { decodeEnvelope, type Envelope, encodeEnvelope, readEnvelope } from '#core';
import { TaskEnvelope } from '#proto/modelyard/v1/task_envelope.ts';

const text = fc.string({ unit: 'binary' }).filter((value) => value.isWellFormed());
const someText = text.filter((value) => value !== '');
const time = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const uint32 = fc.nat({ max: 0xffff_ffff });

const envelopes: fc.Arbitrary<Envelope> = fc.record(
  {
    taskId: someText,
    model: someText,
    owner: text,
    request: fc.oneof(
      fc.record({ kind: fc.constant('inline' as const), bytes: fc.uint8Array() }),
      fc.record({ kind: fc.constant('blob' as const), key: text, size: uint32 }),
    ),
    contractHash: text,
    deadlineAt: time,
    submittedAt: time,
    timeoutSeconds: uint32,
    trace: fc.record({ traceparent: someText, tracestate: text }),
    requestHash: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex')),
    copy: uint32,
    round: fc.integer({ min: 1, max: 1000 }),
    routingKey: someText,
    priority: fc.constantFrom('low', 'high'),
    requestId: someText,
  },
  { requiredKeys: ['taskId', 'model', 'owner', 'request', 'contractHash', 'deadlineAt', 'submittedAt', 'copy'] },
);

/** The envelope as the message that is generated from the .proto. */
const asMessage = ({ request, trace, timeoutSeconds, requestHash, ...envelope }: Envelope): TaskEnvelope => ({
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
  request_hash: Uint8Array.from(Buffer.from(requestHash ?? '', 'hex')),
  copy: envelope.copy,
  round: envelope.round ?? 0,
  routing_key: envelope.routingKey ?? '',
  priority: envelope.priority ?? '',
  request_id: envelope.requestId ?? '',
  ...(trace ? { trace_context: { traceparent: trace.traceparent, tracestate: trace.tracestate ?? '' } } : {}),
});

/** Everything that may be left out is. */
const SMALLEST: Envelope = {
  taskId: 't',
  model: 'm',
  owner: '',
  request: { kind: 'blob', key: '', size: 0 },
  contractHash: '',
  deadlineAt: 0,
  submittedAt: 0,
  copy: 0,
};

describe('the envelope on the wire', () => {
  it('is byte for byte the message of the .proto', () => {
    fc.assert(
      fc.property(envelopes, (envelope) => {
        expect(encodeEnvelope(envelope)).toEqual(TaskEnvelope.encode(asMessage(envelope)));
      }),
      { examples: [[SMALLEST]] },
    );
  });

  it('has no fields that were left out', () => {
    expect(decodeEnvelope(encodeEnvelope(SMALLEST))).toStrictEqual(SMALLEST);
  });

  it('comes back as it was', () => {
    fc.assert(
      fc.property(envelopes, (envelope) => {
        expect(decodeEnvelope(TaskEnvelope.encode(asMessage(envelope)))).toEqual(envelope);
      }),
    );
  });

  it('is read by an older reader, which skips what it does not know', () => {
    const envelope: Envelope = {
      taskId: 't',
      model: 'm',
      owner: 'o',
      request: { kind: 'inline', bytes: Uint8Array.of(1) },
      contractHash: 'c',
      deadlineAt: 2,
      submittedAt: 1,
      copy: 0,
    };
    // Field 99 as text, as a number, and field 9 with a wire type that it does not have.
    const unknown = [0x9a, 0x06, 0x01, 0x61, 0x98, 0x06, 0x05, 0x4a, 0x01, 0x62];

    expect(decodeEnvelope(Uint8Array.from([...encodeEnvelope(envelope), ...unknown]))).toEqual(envelope);
  });

  it('skips fields that it does not know, though their bytes look like known ones', () => {
    const known = encodeEnvelope({ ...SMALLEST, request: { kind: 'inline', bytes: Uint8Array.of(1) } });
    // Field 99 with the bytes of a task id.
    const taskId = [0x9a, 0x06, 0x03, 0x0a, 0x01, 0x78];
    // A reference with key `k` and size 7, and the number 5 and the bytes of a size in fields that it does not have.
    const blob = [0x2a, 0x0b, 0x0a, 0x01, 0x6b, 0x10, 0x07, 0x18, 0x05, 0x4a, 0x02, 0x10, 0x09];
    // A trace with an unknown field that holds the bytes of an empty `tracestate`.
    const trace = [0x52, 0x0a, 0x0a, 0x01, 0x74, 0x12, 0x01, 0x73, 0x1a, 0x02, 0x12, 0x00];

    const read = decodeEnvelope(Uint8Array.from([...known, ...taskId, ...blob, ...trace]));

    expect(read).toStrictEqual({
      ...SMALLEST,
      request: { kind: 'blob', key: 'k', size: 7 },
      trace: { traceparent: 't', tracestate: 's' },
    });
  });

  it('says why bytes are no message, or answers with nothing where that is asked for', () => {
    const bytes = Uint8Array.of(0x0a, 0x7f);

    expect(() => decodeEnvelope(bytes)).toThrow(expect.objectContaining({ cause: expect.any(Error) }));
    expect(readEnvelope(bytes)).toBeUndefined();
  });

  it('is refused as unreadable, and never fails otherwise, when the bytes are anything else', () => {
    const cut = fc.tuple(envelopes, fc.nat()).map(([envelope, at]) => {
      const bytes = encodeEnvelope(envelope);
      return bytes.subarray(0, at % bytes.byteLength);
    });

    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), cut), (bytes) => {
        try {
          decodeEnvelope(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(UnreadableMessageError);
        }
      }),
    );
  });

  it('is refused without a task, a model or a request', () => {
    for (const part of [
      {},
      { task_id: 't' },
      { task_id: 't', model: 'm' },
      { model: 'm', request: Uint8Array.of(1) },
    ]) {
      expect(() => decodeEnvelope(TaskEnvelope.encode(part))).toThrow(UnreadableMessageError);
    }
  });
});
