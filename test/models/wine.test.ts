import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WineRequest, WineResponse } from '#proto/models/wine.ts';
import { WineOnnxRequest, WineOnnxResponse } from '#proto/models/wine_onnx.ts';
import { pseudoRandom } from '#test/support/pseudo-random.ts';
import { pythonBackend } from '#test/support/python.ts';

const EXAMPLES = join(import.meta.dirname, '../../model-containers/examples');
const INSTALL_MS = 180_000;
/** Least and most of each field in the training data. */
const RANGES = {
  alcohol: [11.03, 14.83],
  malic_acid: [0.74, 5.8],
  ash: [1.36, 3.23],
  alcalinity_of_ash: [10.6, 30],
  magnesium: [70, 162],
  total_phenols: [0.98, 3.88],
  flavanoids: [0.34, 5.08],
  nonflavanoid_phenols: [0.13, 0.66],
  proanthocyanins: [0.41, 3.58],
  color_intensity: [1.28, 13],
  hue: [0.48, 1.71],
  od280_od315: [1.27, 4],
  proline: [278, 1680],
} as const satisfies Record<keyof WineRequest, readonly [number, number]>;

const random = pseudoRandom(7);
const aWine = () =>
  Object.fromEntries(Object.entries(RANGES).map(([name, [from, to]]) => [name, from + random() * (to - from)]));

async function launchReady(name: string) {
  const launched = (await pythonBackend(join(EXAMPLES, name))).launch();
  onTestFinished(() => launched.close());
  await launched.setUp(undefined, new AbortController().signal);
  return async (body: Uint8Array): Promise<Uint8Array> => {
    const [answer] = await Promise.all(launched.run([{ taskId: 'task', attempt: 1, trace: undefined, body }]).answers);
    if (answer && 'response' in answer) return answer.response;
    throw new Error(JSON.stringify(answer));
  };
}

describe('the wine model', () => {
  it(
    'answers alike in scikit-learn and as ONNX, to 1e-6',
    async () => {
      const [python, onnx] = [await launchReady('wine'), await launchReady('wine_onnx')];
      let largest = 0;

      for (let i = 0; i < 100; i++) {
        const wine = aWine();
        const one = WineResponse.decode(await python(WineRequest.encode(wine)));
        const other = WineOnnxResponse.decode(await onnx(WineOnnxRequest.encode(wine)));
        expect(other.cultivar).toBe(one.cultivar);
        for (const [name, probability] of Object.entries(one.probabilities)) {
          largest = Math.max(largest, Math.abs(probability - (other.probabilities[name] ?? Number.NaN)));
        }
      }

      expect(largest).toBeLessThan(1e-6);
    },
    INSTALL_MS,
  );
});
