import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { contractOf } from '#contract';
import { PythonEnvironments } from '#local/python-environment.ts';
import type { RunAnswer } from '#runtime/backends/model-backend.ts';
import { PYTHON_PACKAGE } from '#runtime/backends/model-entry.ts';
import { processBackend } from '#runtime/backends/process-backend.ts';
import { Sign, SumsRequest, SumsResponse } from '#test/fixtures/proto/gen/models/sums.ts';
import { SumsInBatchesRequest, SumsInBatchesResponse } from '#test/fixtures/proto/gen/models/sums_in_batches.ts';
import { pythonBackend, pythonFixture } from '#test/support/python.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

const { signal } = new AbortController();

async function launchReady(name: string, variant?: string) {
  const launched = (await pythonBackend(pythonFixture(name))).launch();
  onTestFinished(() => launched.close());
  await launched.setUp(variant, signal);
  return launched;
}

const sums = (action: string, values: readonly number[] = [], data = new Uint8Array()) => ({
  taskId: 'task',
  attempt: 1,
  trace: undefined,
  body: SumsRequest.encode({ action, values, data }),
});

const inBatch = (action: string, values: readonly number[] = []) => ({
  ...sums(action),
  body: SumsInBatchesRequest.encode({ action, values }),
});

const decoded = (answer: RunAnswer | undefined) =>
  answer && 'response' in answer ? SumsResponse.decode(answer.response) : answer;

describe('a model in Python', () => {
  beforeAll(() => pythonBackend(pythonFixture('sums')), 120_000);

  it('describes itself with its manifest and its generated messages', async () => {
    const { manifest, contract } = await (await launchReady('sums')).describe();

    expect(manifest).toMatchObject({ name: 'sums', slots: 2 });
    expect(contract).toEqual(contractOf(SumsRequest, SumsResponse));
  });

  it('answers in its folder, with bytes and enums', async () => {
    const process = await launchReady('sums');
    const data = new Uint8Array(1_000_000).fill(7);

    const [answer] = await Promise.all(process.run([sums('add', [1, 2.5], data)]).answers);

    expect(decoded(answer)).toEqual({ sum: 3.5, sign: Sign.SIGN_POSITIVE, data, note: 'from a file' });
  });

  it('may answer with a dict that names enums', async () => {
    const process = await launchReady('sums');

    const [answer] = await Promise.all(process.run([sums('dict', [2, 3])]).answers);

    expect(decoded(answer)).toMatchObject({ sum: 5, sign: Sign.SIGN_POSITIVE });
  });

  it.each([
    ['refuse', { code: 'invalid_input', message: 'These cannot be added.', retryable: false }],
    ['raise', { code: 'model_error', message: "KeyError: 'missing'", retryable: true }],
    [
      'text',
      {
        code: 'result_unserializable',
        message: expect.stringContaining('it is str, not SumsResponse or a dict'),
        retryable: false,
      },
    ],
  ])('fails a request for which it has to %s', async (action, failure) => {
    const process = await launchReady('sums');

    const [answer] = await Promise.all(process.run([sums(action)]).answers);

    expect(answer).toEqual({ failure });
  });

  it('answers pings while it runs, and other requests in its other slot', async () => {
    const process = await launchReady('sums');
    const waiting = process.run([sums('wait')]);

    await process.ping();
    const [answer] = await Promise.all(process.run([sums('add', [1])]).answers);

    expect(decoded(answer)).toMatchObject({ sum: 1 });
    waiting.abort(0, 'timeout');
    expect(await waiting.answers[0]).toMatchObject({ failure: { message: 'The run was aborted: timeout.' } });
  });

  it('is killed while it ignores its abort', async () => {
    const process = await launchReady('sums');
    const run = process.run([sums('ignore')]);
    run.abort(0, 'timeout');

    process.kill();

    expect(await run.answers[0]).toEqual({ exit: { description: 'was killed by SIGKILL.' } });
  });

  it.each([
    ['exit', 'ended with exit code 7.'],
    ['quit', /^ended with exit code 1: The model quits\.$/],
  ])('tells how its process ended after %s', async (action, description) => {
    const process = await launchReady('sums');

    const [answer] = await Promise.all(process.run([sums(action)]).answers);

    expect(answer).toEqual({
      exit: { description: typeof description === 'string' ? description : expect.stringMatching(description) },
    });
  });

  it('answers each request of a batch by itself, and repeats a batch that raised one by one', async () => {
    const process = await launchReady('sums_in_batches');

    const together = await Promise.all(process.run([inBatch('add', [1]), inBatch('refuse'), inBatch('add')]).answers);
    const apart = await Promise.all(process.run([inBatch('add', [4]), inBatch('raise')]).answers);

    const note = (answer: RunAnswer | undefined) =>
      answer && 'response' in answer ? SumsInBatchesResponse.decode(answer.response).note : answer;
    expect(together.map(note)).toEqual([
      'batch of 3',
      { failure: { code: 'invalid_input', message: 'These cannot be added.', retryable: false } },
      'batch of 3',
    ]);
    expect(apart.map(note)).toEqual([
      'batch of 1',
      { failure: { code: 'model_error', message: 'ValueError: One of them is bad.', retryable: true } },
    ]);
  });

  it('tells file and line of an exception in setup', async () => {
    const launched = (await pythonBackend(pythonFixture('sums'))).launch();
    onTestFinished(() => launched.close());

    await expect(launched.setUp('Broken', signal)).rejects.toMatchObject({
      message: 'FileNotFoundError: weights.bin',
      stack: expect.stringMatching(/^Traceback.*sums\/model\.py", line \d+, in setup/s),
    });
  });
});

describe('a folder that is not a model in Python', () => {
  async function launchSource(source: string, manifest: object = { name: 'mine', description: 'Mine.' }) {
    const folder = await mkdtemp(join(tmpdir(), 'modelyard-model-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'model.py'), source);
    const launched = processBackend({
      command: await new PythonEnvironments(silentLogger).pythonOf(folder),
      arguments: ['-m', 'modelyard', folder],
      folder,
      environment: { ...process.env, PYTHONPATH: PYTHON_PACKAGE },
      load: {
        manifest: JSON.stringify(manifest),
        request_message: SumsRequest.fullName,
        response_message: SumsResponse.fullName,
        descriptor_set: SumsRequest.descriptorSet,
      },
    }).launch();
    onTestFinished(() => launched.close());
    return launched;
  }
  const MODEL = 'from modelyard import Model\nclass Mine(Model):\n';

  it.each([
    ['has a syntax error', 'def broken(:', /^SyntaxError: .*model\.py, line 1\)$/],
    ['defines no model', 'x = 1', /must define one subclass of modelyard\.Model; it defines none\.$/],
    ['has no predict', `${MODEL}  pass`, /^The model has no predict\.$/],
    ['is async', `${MODEL}  async def predict(self, request): pass`, /must be a plain function, not an async one\.$/],
    [
      'imports a message that is not there',
      'from messages import Nope',
      /^cannot import name 'Nope' .* `npm run generate`\.$/,
    ],
  ])('says so when it %s', async (_, source, message) => {
    const launched = await launchSource(source);

    await expect(launched.describe()).rejects.toMatchObject({ message: expect.stringMatching(message) });
  });

  it('says which method the manifest asks for', async () => {
    const manifest = { name: 'mine', description: 'Mine.', batching: { maxSize: 2, maxWaitMs: 0 } };
    const launched = await launchSource(`${MODEL}  def predict(self, request): pass`, manifest);

    await expect(launched.describe()).rejects.toMatchObject({
      message: 'The model has no predict_batch; its manifest sets batching.',
    });
  });

  it('says what to do about missing messages', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'modelyard_model_'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'manifest.json'), '{}');
    await writeFile(join(folder, 'model.py'), '');

    const steps = `Write proto/models/${basename(folder)}.proto and run \`npm run generate\`.`;
    await expect(pythonBackend(folder)).rejects.toMatchObject({
      message: `The model ${basename(folder)} has no generated messages. ${steps}`,
    });
  });
});
