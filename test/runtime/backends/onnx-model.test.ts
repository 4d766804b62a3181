import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { backendOf } from '#runtime/backends/backend-of.ts';
import type { RunAnswer } from '#runtime/backends/model-backend.ts';
import type { ModelFolder } from '#runtime/backends/model-folder.ts';
import { onnxModel } from '#runtime/backends/onnx/onnx-model.ts';
import { InvalidInput } from '#runtime/define-model.ts';
import { FixedRequest, FixedResponse } from '#test/fixtures/proto/gen/models/fixed.ts';
import { ShapesRequest, ShapesResponse } from '#test/fixtures/proto/gen/models/shapes.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/onnx');
const { signal } = new AbortController();

async function launchReady(name: string) {
  const launched = (
    await backendOf(join(FIXTURES, name), { python: '', containerUrl: undefined, environment: process.env })
  ).launch();
  onTestFinished(() => launched.close());
  await launched.setUp(undefined, signal);
  return launched;
}

const body = (bytes: Uint8Array) => ({ taskId: 'task', attempt: 1, trace: undefined, body: bytes });

const shapes = (fields: Partial<ShapesRequest> = {}) =>
  body(
    ShapesRequest.encode({
      count: 2n ** 40n,
      flags: [true, false],
      image: { shape: [1n, 2n], values: [0.5, 1] },
      text: 'good day',
      red: 0,
      green: 3,
      blue: 0,
      ...fields,
    }),
  );

const decoded = (answer: RunAnswer | undefined) =>
  answer && 'response' in answer ? ShapesResponse.decode(answer.response) : answer;

describe('an ONNX file', () => {
  it('takes and gives numbers, flags, strings, shaped tensors, columns and labels', async () => {
    const process = await launchReady('shapes');

    const [answer] = await Promise.all(process.run([shapes()]).answers);

    expect(decoded(answer)).toMatchObject({
      twice_count: 2n ** 41n,
      flags_inverted: [false, true],
      image: { shape: [1n, 2n], values: [1, 2] },
      text: 'good day',
      best: 'green',
      probabilities: { green: expect.closeTo(Math.E ** 3 / (Math.E ** 3 + 2), 12) },
    });
  });

  it('answers requests of different shapes in one batch, and refuses the one that does not fit', async () => {
    const process = await launchReady('shapes');
    const { manifest } = await process.describe();

    const answers = await Promise.all(
      process.run([
        shapes({ text: 'first' }),
        shapes({ flags: [true] }),
        shapes({ image: { shape: [2n, 2n], values: [1, 2, 3, 4] } }),
        shapes({ text: 'last', blue: 9 }),
        shapes({ image: { shape: [2n, 2n], values: [1] } }),
      ]).answers,
    );

    expect(manifest.batching).toEqual({ maxSize: 32, maxWaitMs: 2 });
    expect(answers.map(decoded)).toMatchObject([
      { text: 'first', best: 'green' },
      { failure: { code: 'invalid_input', message: 'flags must have 2 values, not 1.' } },
      { image: { shape: [2n, 2n], values: [2, 4, 6, 8] } },
      { text: 'last', best: 'blue' },
      { failure: { message: 'image must have 4 values for its shape, not 1.' } },
    ]);
  });

  it('without a batch axis runs one request at a time', async () => {
    const process = await launchReady('fixed');
    const { manifest } = await process.describe();

    const [answer] = await Promise.all(process.run([body(FixedRequest.encode({ x: [1, 2, 3, 4, 5, 6] }))]).answers);
    const [short] = await Promise.all(process.run([body(FixedRequest.encode({ x: [1] }))]).answers);

    expect(manifest.batching).toBeUndefined();
    const response = answer && 'response' in answer ? FixedResponse.decode(answer.response) : answer;
    expect(response).toEqual({ sum: [2, 4, 6, 8, 10, 12] });
    expect(short).toMatchObject({ failure: { code: 'invalid_input', message: 'x must have 6 values, not 1.' } });
  });
});

/** An input x and an output y of float16: x + x. */
const FLOAT16 =
  'CAk6QgoOCgF4CgF4EgF5IgNBZGQSBGhhbGZaFAoBeBIPCg0IChIJCgMSAW4KAggDYhQKAXkSDwoNCAoSCQoDEgFuCgIIA0IECgAQEkIOCgphaS5vbm54Lm1sEAM=';
/** An input x of int4, cast to float. */
const INT4 =
  'CAo6SwoXCgF4EgF5IgRDYXN0KgkKAnRvGAGgAQISBGhhbGZaFAoBeBIPCg0IFhIJCgMSAW4KAggDYhQKAXkSDwoNCAESCQoDEgFuCgIIA0IECgAQFQ==';

async function modelOf(graph: string) {
  const folder = await mkdtemp(join(tmpdir(), 'modelyard-onnx-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'model.onnx'), Buffer.from(graph, 'base64'));
  const manifest = { name: 'half', description: 'A test.', tensors: { outputs: { y: 'sum' } } };
  return onnxModel(folder, { manifest, request: FixedRequest, response: FixedResponse });
}

it('of float16 takes and gives numbers, and refuses those that it would hold as infinity', async () => {
  const { setup, predictBatch } = await modelOf(FLOAT16);
  await setup?.({} as never);

  const answers = await predictBatch?.(
    undefined,
    [{ x: [1, 2.5, -3] }, { x: [65_504, Number.NaN, Number.POSITIVE_INFINITY] }, { x: [0, 65_520, 0] }],
    {} as never,
  );

  expect(answers).toEqual([
    { sum: [2, 5, -6] },
    { sum: [Number.POSITIVE_INFINITY, Number.NaN, Number.POSITIVE_INFINITY] },
    new InvalidInput('x must have numbers from -65504 to 65504, not 65520.'),
  ]);
});

it('of a type that cannot be served is refused by the name of the type', async () => {
  await expect(modelOf(INT4)).rejects.toThrow(
    'The input x of model.onnx has the type int4, which cannot be served: export the graph with float32.',
  );
});

describe('messages that do not fit the graph', () => {
  const described = (rest: Partial<ModelFolder>): ModelFolder => ({
    manifest: { name: 'fixed', description: 'A test.' },
    request: FixedRequest,
    response: FixedResponse,
    ...rest,
  });

  it.each([
    [
      'a missing field of the request',
      { request: ShapesRequest },
      /^The input X of model\.onnx needs a field x; ShapesRequest has count, flags.*Name its field in `tensors\.inputs`/,
    ],
    [
      'a field of the response without an output',
      { response: ShapesResponse },
      /^No output of model\.onnx fills the field twice_count\. Its outputs: sum\.$/,
    ],
  ])('are refused by name: %s', async (_, rest, message) => {
    await expect(onnxModel(join(FIXTURES, 'fixed'), described(rest))).rejects.toThrow(message);
  });

  it('are not judged when the file is no graph', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'modelyard-onnx-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'model.onnx'), 'not a graph');
    await copyFile(join(FIXTURES, 'fixed', 'manifest.json'), join(folder, 'manifest.json'));

    await expect(onnxModel(folder, described({}))).rejects.toThrow(/Protobuf parsing failed|parse/i);
  });
});
