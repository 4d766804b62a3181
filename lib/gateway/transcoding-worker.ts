import { parentPort } from 'node:worker_threads';
import { type Transcoding, transcode } from '#api/http/transcode.ts';
import { MessageLimitError } from '#contract';
import { ModelyardError } from '#core';
import type { Job, Outcome } from './transcoding-pool.ts';

// The worker thread of `transcoding-pool.ts`. Transcodes one large message at a time.
parentPort?.on('message', ({ id, transcoding }: Job) => {
  void outcomeOf(transcoding).then((outcome) => {
    const pieces = outcome.kind === 'done' ? outcome.transcoded.pieces : [];
    parentPort?.postMessage({ id, outcome }, [...new Set(pieces.map(({ buffer }) => buffer as ArrayBuffer))]);
  });
});

async function outcomeOf(transcoding: Transcoding): Promise<Outcome> {
  try {
    const { pieces, variant } = await transcode(transcoding);
    return {
      kind: 'done',
      transcoded: { pieces: pieces.map(ownBytes), ...(variant === undefined ? {} : { variant }) },
    };
  } catch (error) {
    if (error instanceof MessageLimitError) return { kind: 'too-large', maxBytes: error.maxBytes };
    if (!(error instanceof ModelyardError)) return { kind: 'broken', message: String(error) };
    const { code, message, errors } = error;
    return { kind: 'refused', code, message, errors };
  }
}

/** Small Buffers share a memory pool, which must not be transferred. */
const ownBytes = (bytes: Uint8Array): Uint8Array =>
  bytes.byteLength * 2 < bytes.buffer.byteLength ? Uint8Array.from(bytes) : bytes;
