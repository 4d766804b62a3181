import { describe, expect, it } from 'vitest';
import type { LogFields } from '#core';
import { ModelBRequest, ModelBResponse } from '#proto/models/model_b.ts';
import { bindModel, type RunItem } from '#runtime/backends/run-model.ts';
import { InvalidInput } from '#runtime/define-model.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

/** A batch of so many requests, and the signal that its model is given. */
function runBatch(size: number) {
  const signals: AbortSignal[] = [];
  const runModel = bindModel(
    {
      manifest: { name: 'model_b', description: '', batching: { maxSize: 10, maxWaitMs: 0 } },
      request: ModelBRequest,
      response: ModelBResponse,
      predictBatch(_state, _requests, { signal }) {
        signals.push(signal);
        return new Promise<never>(() => undefined);
      },
    },
    undefined,
    { variant: undefined, logger: silentLogger, maxResponseBytes: 1000 },
  );
  const controllers = Array.from({ length: size }, () => new AbortController());
  const items = controllers.map(
    ({ signal }, i): RunItem => ({
      signal,
      taskId: `task-${i}`,
      attempt: 1,
      trace: undefined,
      body: ModelBRequest.encode({ value: i }),
    }),
  );
  return { controllers, signals, start: () => runModel(items) };
}

describe('the signal of a batch', () => {
  it('aborts when the last of its requests is aborted', () => {
    const { controllers, signals, start } = runBatch(2);
    start();

    controllers[0]?.abort('first');
    const before = signals[0]?.aborted;
    controllers[1]?.abort('last');

    expect([before, signals[0]?.aborted, signals[0]?.reason]).toEqual([false, true, 'last']);
  });

  it('counts requests that were aborted before the batch began', () => {
    const { controllers, signals, start } = runBatch(3);
    controllers[1]?.abort('early');
    start();

    controllers[0]?.abort('first');
    const before = signals[0]?.aborted;
    controllers[2]?.abort('last');

    expect([before, signals[0]?.aborted, signals[0]?.reason]).toEqual([false, true, 'last']);
  });

  it('is needed by no batch whose requests are all aborted: it does not run', () => {
    const { controllers, signals, start } = runBatch(2);
    for (const controller of controllers) controller.abort('early');

    start();

    expect(signals).toEqual([]);
  });
});

describe('the limit of a result', () => {
  it.each([
    [5, 'is accepted up to it', undefined],
    [4, 'is refused above it', 'result_too_large'],
  ])('of %i bytes: an answer of 5 bytes %s', async (maxResponseBytes, _, code) => {
    const response = { ...ModelBResponse, encode: () => new Uint8Array(5) };
    const runModel = bindModel(
      { manifest: { name: 'model_b', description: '' }, request: ModelBRequest, response, predict: () => ({}) },
      undefined,
      { variant: undefined, logger: silentLogger, maxResponseBytes },
    );
    const { signal } = new AbortController();
    const body = ModelBRequest.encode({ value: 1 });

    const [answer] = await Promise.all(runModel([{ signal, taskId: 'task', attempt: 1, trace: undefined, body }]));

    if (code === undefined) expect(answer).toEqual({ response: new Uint8Array(5) });
    else {
      const message = "The model's response has 5 bytes; 4 are allowed.";
      expect(answer).toEqual({ failure: { code, message, retryable: false } });
    }
  });
});

describe('an error of a model', () => {
  it.each([
    ['is logged with its task', new TypeError('No such key.'), ['task-1']],
    ['is not logged when it was meant', new InvalidInput('Bad.'), []],
  ])('%s', async (_, error, expected) => {
    const logged: unknown[] = [];
    const logger = { ...silentLogger, error: (_text: string, fields?: LogFields) => void logged.push(fields) };
    const runModel = bindModel(
      {
        manifest: { name: 'model_b', description: '' },
        request: ModelBRequest,
        response: ModelBResponse,
        predict: () => Promise.reject(error),
      },
      undefined,
      { variant: undefined, logger, maxResponseBytes: 1000 },
    );
    const { signal } = new AbortController();

    const item = { signal, taskId: 'task-1', attempt: 1, trace: undefined, body: ModelBRequest.encode({ value: 1 }) };
    await Promise.all(runModel([item]));

    expect(logged).toEqual(expected.map((taskId) => ({ error, taskId })));
  });
});
