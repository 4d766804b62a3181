import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { MAX_TRANSFER_BYTES } from '#core';
import { ModelBRequest, ModelBResponse } from '#proto/models/model_b.ts';
import { ModelCommand, ModelEvent } from '#proto/modelyard/v1/model_process.ts';
import { createFrameReader, createFrameWriter } from '#runtime/backends/frames.ts';
import { ModelStartError, RunAborted, type RunRequest } from '#runtime/backends/model-backend.ts';
import { ModelConnection } from '#runtime/backends/model-connection.ts';
import { serveModel } from '#runtime/backends/serve-model.ts';
import type { ModelDefinition, PredictContext } from '#runtime/define-model.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

type Model = ModelDefinition<ModelBRequest, ModelBResponse, unknown>;

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));
const EXIT = { description: 'was killed by SIGKILL.' };

const define = (rest: Partial<Model>): Model =>
  ({
    manifest: { name: 'model_b', description: 'A model.' },
    request: ModelBRequest,
    response: ModelBResponse,
    ...rest,
  }) as Model;

/** Both ends of a connection, in this process; what the instance sends is recorded. */
function connect(load: () => Promise<Partial<Model>>) {
  const commands: ModelCommand[] = [];
  const record = createFrameReader((frame) => commands.push(ModelCommand.decode(frame)));
  const connection: ModelConnection = new ModelConnection({
    write: (bytes) => {
      record(bytes);
      queueMicrotask(() => server.receive(bytes));
    },
  });
  const server = serveModel({
    stream: { write: (bytes) => queueMicrotask(() => connection.receive(bytes)) },
    load: async () => define(await load()) as ModelDefinition<unknown, unknown, unknown>,
    logger: silentLogger,
  });
  return { connection, server, commands };
}

/** A connection to a process that says nothing. */
function silent() {
  const commands: ModelCommand[] = [];
  const record = createFrameReader((frame) => commands.push(ModelCommand.decode(frame)));
  return { connection: new ModelConnection({ write: record }), commands };
}

async function ready(model: Partial<Model>, variant?: string) {
  const both = connect(async () => model);
  await both.connection.setUp(variant, new AbortController().signal);
  return both;
}

const request = (value: number, more: Partial<RunRequest> = {}): RunRequest => ({
  taskId: `task-${value}`,
  attempt: 1,
  trace: undefined,
  body: ModelBRequest.encode({ value }),
  ...more,
});

const numberIn = (answer: object): number | undefined =>
  'response' in answer ? ModelBResponse.decode(answer.response as Uint8Array).value : undefined;

describe('the description of a model', () => {
  it('names its manifest and its messages', async () => {
    const { connection } = connect(async () => ({}));

    const { manifest, contract } = await connection.describe();

    expect(manifest).toEqual({ name: 'model_b', description: 'A model.' });
    expect(contract).toMatchObject({
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      requestMessage: ModelBRequest.fullName,
      responseMessage: ModelBResponse.fullName,
    });
    expect(contract.descriptorSet.byteLength).toBeGreaterThan(0);
  });

  it('is refused for batching without predictBatch', async () => {
    const manifest = { name: 'model_b', description: '', batching: { maxSize: 2, maxWaitMs: 1 } };

    await expect(connect(async () => ({ manifest })).connection.describe()).rejects.toThrow(
      'The model model_b sets batching, but has no predictBatch.',
    );
  });

  it.each([
    [Object.assign(new Error('No weights.'), { code: 'ENOENT', stack: 'at model.ts:3' }), 'at model.ts:3', 'ENOENT'],
    [Object.assign(new Error('No weights.'), { code: 7, stack: 'at model.ts:3' }), 'at model.ts:3', undefined],
    [new ModelStartError('No weights.'), 'ModelStartError: No weights.', undefined],
    ['No weights.', expect.stringContaining('Error: No weights.'), undefined],
  ])('is refused with the error of the load: %s', async (thrown, stack, code) => {
    const { connection } = connect(() => Promise.reject(thrown));
    const setUp = connection.setUp(undefined, new AbortController().signal);

    await expect(connection.describe()).rejects.toMatchObject({ message: 'No weights.', stack, code });
    await expect(setUp).rejects.toBeInstanceOf(ModelStartError);
  });
});

describe('the setup of a model', () => {
  it('gets its variant, and its result is the state of every run', async () => {
    const variants: unknown[] = [];
    const states: unknown[] = [];
    const { connection, commands } = await ready(
      {
        setup: ({ variant }) => {
          variants.push(variant);
          return 'state';
        },
        predict: (state, _request, { variant }) => {
          states.push(state);
          variants.push(variant);
          return {};
        },
      },
      'large',
    );

    await Promise.all(connection.run([request(1)]).answers);

    expect([variants, states]).toEqual([['large', 'large'], ['state']]);
    expect(commands[0]?.set_up).toEqual({
      variant: 'large',
      max_response_bytes: MAX_TRANSFER_BYTES,
      version: '',
      weights_folder: '',
    });
  });

  it('has no variant when there is none', async () => {
    const variants: unknown[] = [];

    await ready({ setup: ({ variant }) => void variants.push(variant) });

    expect(variants).toEqual([undefined]);
  });

  it.each(['before', 'after'])('is told to stop that was not wanted any more %s it began', async (when) => {
    const stop = new AbortController();
    if (when === 'before') stop.abort();
    const { connection } = connect(async () => ({
      setup: async ({ signal }) => {
        if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
        throw new Error('Stopped.');
      },
    }));

    const setUp = connection.setUp(undefined, stop.signal);
    const refused = expect(setUp).rejects.toThrow('Stopped.');
    await settled();
    stop.abort();

    await refused;
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  });

  it('leaves no listener behind, and hears of no stop later', async () => {
    const stop = new AbortController();
    const signals: AbortSignal[] = [];
    const { connection } = connect(async () => ({ setup: ({ signal }) => void signals.push(signal) }));
    const setUp = connection.setUp(undefined, stop.signal);
    expect(getEventListeners(stop.signal, 'abort')).toHaveLength(1);

    await setUp;
    stop.abort();
    await settled();

    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  });
});

describe('a run', () => {
  const trace = { traceparent: 'parent', tracestate: 'state' };

  it.each([undefined, trace, { traceparent: 'parent' }])(
    'tells the model of its task, with the trace %j',
    async (given) => {
      const contexts: PredictContext[] = [];
      const { connection } = await ready({
        predict: (_state, { value }, context) => {
          contexts.push(context);
          return { value: (value ?? 0) + 1 };
        },
      });

      const [answer] = await Promise.all(connection.run([request(1, { attempt: 3, trace: given })]).answers);

      expect(answer && numberIn(answer)).toBe(2);
      expect(contexts).toMatchObject([{ taskId: 'task-1', attempt: 3, trace: given }]);
      expect(contexts[0]?.trace).toStrictEqual(given);
    },
  );

  it('gathers its batch before it starts, and answers each request by itself', async () => {
    const sizes: number[] = [];
    const { connection } = await ready({
      manifest: { name: 'model_b', description: '', batching: { maxSize: 3, maxWaitMs: 1 } },
      predictBatch: (_state, requests) => {
        sizes.push(requests.length);
        return requests.map(({ value }) => (value === 2 ? new Error('Not two.') : { value }));
      },
    });

    const runs = [connection.run([1, 2, 3].map((value) => request(value))), connection.run([request(9)])];
    const answers = await Promise.all(runs.flatMap((run) => run.answers));

    expect(sizes).toEqual([3, 1]);
    expect(answers.map(numberIn)).toEqual([1, undefined, 3, 9]);
    expect(answers[1]).toEqual({ failure: { code: 'model_error', message: 'Not two.', retryable: true } });
  });

  it('is aborted by position, with its cause', async () => {
    const signals: AbortSignal[] = [];
    const { connection } = await ready({
      predict: (_state, _request, { signal }) => {
        signals.push(signal);
        return new Promise<never>(() => undefined);
      },
    });
    const run = connection.run([request(1), request(2)]);
    await settled();

    run.abort(1, 'deadline');
    await settled();

    expect(signals.map(({ aborted }) => aborted)).toEqual([false, true]);
    expect(signals[1]?.reason).toBeInstanceOf(RunAborted);
    expect(signals[1]?.reason).toMatchObject({ abortCause: 'deadline' });
  });

  it.each([1, 2])('does not start when its abort arrives with its request, as run %i', async (runs) => {
    const started: number[] = [];
    const { connection } = await ready({
      predict(_state, { value }) {
        started.push(Number(value));
        return { value };
      },
    });

    const all = Array.from({ length: runs }, (_, index) => connection.run([request(index + 1)]));
    all.at(-1)?.abort(0, 'task-ended');
    const [answer] = await Promise.all(all.at(-1)?.answers ?? []);

    expect(started).toEqual([1, 2].slice(0, runs - 1));
    expect(answer).toHaveProperty('failure');
  });

  it('starts none of several that were aborted while another one blocked the thread', async () => {
    const started: number[] = [];
    let blocked = () => undefined;
    const { connection } = await ready({
      predict(_state, { value }) {
        started.push(Number(value));
        // What is sent during the block is read after it.
        if (value === 2) blocked();
        return { value };
      },
    });
    const all = [1, 2, 3, 4].map((value) => connection.run([request(value)]));
    blocked = () => {
      for (const run of all.slice(2)) run.abort(0, 'task-ended');
      return undefined;
    };
    await Promise.all(all.flatMap(({ answers }) => answers));

    expect(started).toEqual([1, 2]);
  });

  it('may be aborted when it has ended', async () => {
    const { connection } = await ready({ predict: () => ({}) });
    const run = connection.run([request(1)]);
    await Promise.all(run.answers);

    run.abort(0, 'timeout');
    await settled();

    const [answer] = await Promise.all(connection.run([request(2)]).answers);
    expect(answer).toHaveProperty('response');
  });

  it('is stopped by a cause of a newer instance', async () => {
    const signals: AbortSignal[] = [];
    const { connection, server } = await ready({
      predict: (_state, _request, { signal }) => {
        signals.push(signal);
        return new Promise<never>(() => undefined);
      },
    });
    connection.run([request(1)]);
    await settled();

    const { write, flush } = createFrameWriter({ write: (bytes) => server.receive(bytes) });
    write(ModelCommand.encode({ abort: { run: 1, position: 0, cause: 'moved' } }));
    flush();

    expect(signals[0]?.reason).toMatchObject({ abortCause: 'stopping' });
  });
});

describe('a ping', () => {
  it('is answered, each by its number', async () => {
    const { connection, commands } = await ready({});

    await Promise.all([connection.ping(), connection.ping()]);

    const numbers = commands.flatMap(({ ping }) => ping?.number ?? []);
    expect(new Set(numbers).size).toBe(2);
  });
});

describe('the end of the process', () => {
  it('settles everything that is open, and everything that comes later', async () => {
    const { connection, commands } = silent();
    const open = [
      connection.describe(),
      connection.setUp(undefined, new AbortController().signal),
      connection.ping(),
    ].map((promise) => expect(promise).rejects.toThrow('The model process was killed by SIGKILL.'));
    const run = connection.run([request(1), request(2)]);
    await settled();
    const sent = commands.length;

    connection.ended(EXIT);
    const later = connection.run([request(3)]);

    await Promise.all(open);
    await expect(connection.ping()).rejects.toBeInstanceOf(ModelStartError);
    expect(await Promise.all([...run.answers, ...later.answers])).toEqual([
      { exit: EXIT },
      { exit: EXIT },
      { exit: EXIT },
    ]);
    expect(commands).toHaveLength(sent);
  });

  it('changes no answer that came before', async () => {
    const { connection } = await ready({ predict: () => ({ value: 1 }) });
    const { answers } = connection.run([request(1)]);
    await Promise.all(answers);

    connection.ended(EXIT);

    expect((await Promise.all(answers)).map(numberIn)).toEqual([1]);
  });

  it.each([
    [new TypeError('x is undefined'), 'x is undefined'],
    [new TypeError(), 'TypeError'],
    ['a text', 'a text'],
  ])('is explained by the fatal error that the process reported: %s', async (error, words) => {
    const { connection, server } = await ready({});

    server.reportFatal(error);
    await settled();

    expect(connection.fatalError).toBe(words);
  });
});

describe('an answer that nobody waits for', () => {
  it.each([
    { run: 7, position: 0 },
    { run: 1, position: 5 },
  ])('as %j is ignored', async (place) => {
    const { connection } = silent();
    const { answers } = connection.run([request(1)]);
    const { write, flush } = createFrameWriter({ write: (bytes) => connection.receive(bytes) });

    write(ModelEvent.encode({ answer: { ...place, response: new Uint8Array() } }));
    write(ModelEvent.encode({ answer: { run: 1, position: 0 } }));
    flush();

    expect(await Promise.all(answers)).toEqual([{ response: new Uint8Array() }]);
  });
});
