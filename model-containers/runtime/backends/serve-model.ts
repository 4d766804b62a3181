import { contractOf } from '#contract';
import type { Logger, TraceContext, Tracing } from '#core';
import {
  type AbortRequest,
  ModelCommand,
  ModelEvent,
  RunAnswer,
  type RunRequest,
  type SetUp,
} from '#proto/modelyard/v1/model_process.ts';
import type { ModelDefinition } from '../define-model.ts';
import { type ByteStream, createFrameReader, createFrameWriter, type EnclosedField, enclosed } from './frames.ts';
import { ABORT_CAUSES, ModelStartError, RunAborted } from './model-backend.ts';
import { bindModel, type RunItem, type RunModel } from './run-model.ts';

/** `ModelEvent.answer.response`. */
const ANSWER_RESPONSE: EnclosedField = { member: 4, field: 3 };

type AnyModel = ModelDefinition<unknown, unknown, unknown>;

export interface ServeOptions {
  readonly stream: ByteStream;
  readonly load: () => Promise<AnyModel>;
  readonly logger: Logger;
  /** @default no traces */
  readonly tracing?: Tracing | undefined;
}

/** The model's end of the connection. */
export interface ModelServer {
  /** Processes bytes of the instance. */
  receive(chunk: Uint8Array): void;
  /** Reports the error that ends this process. */
  reportFatal(error: unknown): void;
}

interface Gathering {
  readonly items: (RunItem | undefined)[];
  left: number;
}

/** Loads a model, runs its `setup` when requested, and answers requests. */
export function serveModel({ stream, load, logger, tracing }: ServeOptions): ModelServer {
  const writer = createFrameWriter(stream);
  const send = (event: Partial<ModelEvent>) => writer.write(ModelEvent.encode(event));
  const setupEnds = new AbortController();
  const gathering = new Map<number, Gathering>();
  /** The abort controllers of the requests, by run. */
  const running = new Map<number, readonly AbortController[]>();
  /** Runs that start in later turns of the event loop. */
  const waiting: (() => void)[] = [];
  let runModel: RunModel | undefined;
  let modelName = '';

  const definition = load();
  definition.then(describe).catch(fail);

  function describe({ manifest, request, response, predictBatch }: AnyModel): void {
    if (manifest.batching && !predictBatch) {
      throw new Error(`The model ${manifest.name} sets batching, but has no predictBatch.`);
    }
    const { requestMessage, responseMessage, descriptorSet } = contractOf(request, response);
    const described = {
      manifest: JSON.stringify(manifest),
      request_message: requestMessage,
      response_message: responseMessage,
      descriptor_set: descriptorSet,
    };
    send({ described });
  }

  function fail(thrown: unknown): void {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
    // The message says how to fix the error; a stack would not help.
    const stack = error instanceof ModelStartError ? '' : (error.stack ?? '');
    send({ start_failure: { message: error.message, stack, code } });
  }

  async function setUp({ variant: name, max_response_bytes: maxResponseBytes, ...deployed }: SetUp): Promise<void> {
    const variant = name || undefined;
    const { version, weights_folder: folder } = deployed;
    const weights = version === '' ? undefined : { version, folder };
    const model = await definition;
    modelName = model.manifest.name;
    const state = await model.setup?.({ signal: setupEnds.signal, logger, variant, weights });
    runModel = bindModel(model, state, { variant, weights, logger, maxResponseBytes });
    send({ ready: {} });
  }

  function gather(request: RunRequest): void {
    const { run, position, size } = request;
    const controllers = running.get(run) ?? Array.from({ length: size }, () => new AbortController());
    running.set(run, controllers);
    const gathered = gathering.get(run) ?? { items: [], left: size };
    gathering.set(run, gathered);
    const { signal } = controllers[position] as AbortController;
    gathered.items[position] = itemOf(request, signal, (report) => {
      // Reports after the answer are ignored.
      if (running.has(run)) send({ report: { run, position, message: '', ...report } });
    });
    gathered.left--;
    if (gathered.left > 0) return;
    gathering.delete(run);
    const items = gathered.items as RunItem[];
    // A lone run starts after all frames that arrived with it, which may abort it.
    if (running.size === 1) queueMicrotask(() => start(run, items));
    else if (waiting.push(() => start(run, items)) === 1) setImmediate(startNext);
  }

  /** One turn of the event loop per run: a run that blocks the thread delays neither earlier answers nor aborts. */
  function startNext(): void {
    waiting.shift()?.();
    if (waiting.length > 0) setImmediate(startNext);
  }

  function start(run: number, items: readonly RunItem[]): void {
    if (!runModel) throw new Error('A request arrived before the model was ready.');
    let left = items.length;
    const spans = tracing && items.map((item) => spanOf(tracing, modelName, item));
    const traced = spans ? items.map((item, at) => ({ ...item, trace: spans[at]?.context })) : items;
    runModel(traced).forEach(async (answer, position) => {
      const given = await answer;
      spans?.[position]?.end({ error: 'failure' in given ? given.failure.code : undefined });
      if ('failure' in given) send({ answer: { run, position, ...given } });
      else writer.write(...enclosed(ANSWER_RESPONSE, RunAnswer.encode({ run, position }), given.response));
      left--;
      if (left === 0) running.delete(run);
    });
  }

  function abort({ run, position, cause }: AbortRequest): void {
    const known = ABORT_CAUSES.find((name) => name === cause) ?? 'stopping';
    running.get(run)?.[position]?.abort(new RunAborted(known));
  }

  return {
    receive: createFrameReader((frame) => {
      const command = ModelCommand.decode(frame);
      if (command.request) gather(command.request);
      else if (command.abort) abort(command.abort);
      else if (command.ping) send({ pong: { number: command.ping.number } });
      else if (command.set_up) setUp(command.set_up).catch(fail);
      else if (command.end_setup) setupEnds.abort();
    }),
    reportFatal(error) {
      send({ last_words: { message: error instanceof Error ? error.message || error.name : String(error) } });
      writer.flush();
    },
  };
}

const spanOf = (tracing: Tracing, model: string, { taskId, requestId, attempt, trace }: RunItem) =>
  tracing.start({
    name: `predict ${model}`,
    kind: 'server',
    parent: trace,
    attributes: { 'modelyard.task.id': taskId, 'modelyard.request.id': requestId, 'modelyard.attempt': attempt },
  });

function itemOf(
  { task_id, request_id, attempt, traceparent, tracestate, body }: RunRequest,
  signal: AbortSignal,
  report: RunItem['report'],
): RunItem {
  const requestId = request_id || undefined;
  return { taskId: task_id, requestId, attempt, trace: traceOf(traceparent, tracestate), body, signal, report };
}

function traceOf(traceparent: string, tracestate: string): TraceContext | undefined {
  if (traceparent === '') return undefined;
  return { traceparent, ...(tracestate === '' ? {} : { tracestate }) };
}
