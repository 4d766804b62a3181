import { type InferenceSession, Tensor } from 'onnxruntime-node';

export const SAMPLE_RATE = 16_000;
/** Samples of a window. */
export const WINDOW = 512;
/** Samples of the window before that the graph reads again. */
const CONTEXT = 64;
const STATE_SIZE = 128;

/** Returns a function of the next window of one file that resolves with the probability of speech in it. */
export function createDetector(session: InferenceSession): (window: Float32Array) => Promise<number> {
  const sr = new Tensor('int64', BigInt64Array.of(BigInt(SAMPLE_RATE)));
  let state = new Tensor('float32', new Float32Array(2 * STATE_SIZE), [2, 1, STATE_SIZE]);
  let context = new Float32Array(CONTEXT);

  return async function probabilityOf(window) {
    const samples = new Float32Array(CONTEXT + WINDOW);
    samples.set(context);
    samples.set(window, CONTEXT);
    context = samples.slice(-CONTEXT);
    const input = new Tensor('float32', samples, [1, samples.length]);
    const { output, stateN } = await session.run({ input, state, sr });
    if (!output || !stateN) throw new Error('The graph has no outputs `output` and `stateN`.');
    state = stateN as typeof state;
    return Number(output.data[0]);
  };
}
