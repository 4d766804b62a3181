import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelCommand, RunRequest } from '#proto/modelyard/v1/model_process.ts';
import { createFrameReader, createFrameWriter, enclosed } from '#runtime/backends/frames.ts';

const part = fc.uint8Array({ maxLength: 300 });
const frames = fc.array(fc.tuple(part, part), { maxLength: 20 });

/** What a writer sends for these frames, and in how many writes. */
async function written(list: readonly (readonly Uint8Array[])[]) {
  const chunks: Uint8Array[] = [];
  const writer = createFrameWriter({ write: (bytes) => chunks.push(bytes) });
  for (const parts of list) writer.write(...parts);
  await Promise.resolve();
  return { bytes: Buffer.concat(chunks), writes: chunks.length };
}

function read(chunks: readonly Uint8Array[]): number[][] {
  const found: Uint8Array[] = [];
  const reader = createFrameReader((frame) => found.push(frame));
  for (const chunk of chunks) {
    const buffer = Buffer.from(chunk);
    reader(buffer);
    // The caller reads into it again.
    buffer.fill(0);
  }
  return found.map((frame) => [...frame]);
}

describe('frames', () => {
  it('are read as they were written, however the bytes are cut', () =>
    fc.assert(
      fc.asyncProperty(frames, fc.array(fc.nat(400)), async (list, cuts) => {
        const { bytes } = await written(list);
        const chunks: Uint8Array[] = [];
        let at = 0;
        for (const cut of cuts) {
          chunks.push(bytes.subarray(at, at + cut));
          at += cut;
        }
        chunks.push(bytes.subarray(at));

        expect(read(chunks)).toEqual(list.map((parts) => [...Buffer.concat(parts)]));
      }),
    ));

  it('of one turn leave in one write', async () => {
    const { writes } = await written([[Uint8Array.of(1)], [Uint8Array.of(2), Uint8Array.of(3)], [Uint8Array.of(4)]]);

    expect(writes).toBe(1);
  });

  it('that are large leave in order, in writes of their own', async () => {
    const list = [[Uint8Array.of(1)], [Uint8Array.of(2), Buffer.alloc(100_000, 2)], [Uint8Array.of(3)]];
    const { bytes } = await written(list);

    expect(read([bytes])).toEqual(list.map((parts) => [...Buffer.concat(parts)]));
  });

  it('of a message and its bytes are what encoding both at once gives', () =>
    fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.string(), async (body, task_id) => {
        const texts = { task_id, traceparent: '', tracestate: '', request_id: '' };
        const request = { run: 7, position: 0, size: 1, attempt: 1, ...texts };
        const message = RunRequest.encode(request);

        const [frame] = read([(await written([enclosed({ member: 2, field: 8 }, message, body)])).bytes]);

        expect(ModelCommand.decode(Uint8Array.from(frame ?? []))).toEqual(
          ModelCommand.decode(ModelCommand.encode({ request: { ...request, body } })),
        );
      }),
    ));

  it('longer than any that is written are refused before they are gathered', () => {
    const header = Buffer.alloc(4);
    header.writeUInt32LE(2 ** 30 + 2 ** 20 + 1);

    expect(() => read([header])).toThrow(RangeError);
  });
});
