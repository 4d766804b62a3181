import { InvalidInput } from '#runtime/define-model.ts';
import { SAMPLE_RATE } from './silero.ts';

const HEADER_BYTES = 12;
const CHUNK_HEADER_BYTES = 8;
const FORMAT_BYTES = 16;
const PCM = 1;
const BYTES_PER_SAMPLE = 2;

/** The samples of a WAV file, from -1 to 1. Throws `InvalidInput` for another format than 16 kHz, mono, 16 bits. */
export function readWav(file: Uint8Array): Float32Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const text = (at: number): string => Buffer.from(file.subarray(at, at + 4)).toString('latin1');
  if (file.byteLength < HEADER_BYTES || text(0) !== 'RIFF' || text(8) !== 'WAVE') {
    throw new InvalidInput('wav must be a WAV file.');
  }
  let isKnown = false;
  let at = HEADER_BYTES;
  while (at + CHUNK_HEADER_BYTES <= file.byteLength) {
    const from = at + CHUNK_HEADER_BYTES;
    const size = Math.min(view.getUint32(at + 4, true), file.byteLength - from);
    if (text(at) === 'fmt ' && size >= FORMAT_BYTES) {
      const [format, channels] = [view.getUint16(from, true), view.getUint16(from + 2, true)];
      const [rate, bits] = [view.getUint32(from + 4, true), view.getUint16(from + 14, true)];
      isKnown = format === PCM && channels === 1 && rate === SAMPLE_RATE && bits === 8 * BYTES_PER_SAMPLE;
    }
    if (text(at) === 'data') {
      if (!isKnown) break;
      const count = Math.floor(size / BYTES_PER_SAMPLE);
      return Float32Array.from({ length: count }, (_, i) => view.getInt16(from + i * BYTES_PER_SAMPLE, true) / 0x8000);
    }
    // Chunks have an even length.
    at = from + size + (size % 2);
  }
  throw new InvalidInput('wav must have samples of 16 bits at 16 kHz in one channel.');
}
