import { type InferenceSession, Tensor } from 'onnxruntime-node';

/** Samples of a window, and of the end of the one before that the graph wants again. 16 kHz. */
const WINDOW = 512;
const CONTEXT = 64;
const STATE = 128;
const BYTES_PER_SAMPLE = 2;

/** The probability of speech in each window of each clip. Silero's state has the batch as its second axis. */
export async function detectSpeech(session: InferenceSession, clips: readonly Uint8Array[]): Promise<number[][]> {
  const samples = clips.map(samplesOf);
  const count = clips.length;
  const windows = samples.map(({ length }) => Math.ceil(length / WINDOW));
  const sr = new Tensor('int64', BigInt64Array.of(16_000n));
  const found: number[][] = clips.map(() => []);
  let state = new Tensor('float32', new Float32Array(2 * count * STATE), [2, count, STATE]);
  for (let at = 0; at < Math.max(...windows); at++) {
    const input = new Float32Array(count * (CONTEXT + WINDOW));
    for (const [row, clip] of samples.entries()) {
      const from = at * WINDOW;
      const part = clip.subarray(Math.max(0, from - CONTEXT), from + WINDOW);
      input.set(part, row * (CONTEXT + WINDOW) + (at === 0 ? CONTEXT : 0));
    }
    const given = { input: new Tensor('float32', input, [count, CONTEXT + WINDOW]), state, sr };
    const { output, stateN } = (await session.run(given)) as Record<'output' | 'stateN', Tensor>;
    state = stateN as typeof state;
    for (const [row, clip] of found.entries()) {
      if (at < (windows[row] ?? 0)) clip.push(Number(output.data[row]));
    }
  }
  return found;
}

function samplesOf(pcm: Uint8Array): Float32Array {
  const view = new DataView(pcm.buffer, pcm.byteOffset, pcm.byteLength);
  const count = Math.floor(pcm.byteLength / BYTES_PER_SAMPLE);
  return Float32Array.from({ length: count }, (_, i) => view.getInt16(i * BYTES_PER_SAMPLE, true) / 0x8000);
}
