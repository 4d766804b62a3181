import type { Logger, TaskError, TraceContext } from '#core';
import type { BatchContext, ModelDefinition, PredictContext, Weights } from '../define-model.ts';
import type { RunReport } from './model-backend.ts';

/** One request of a run. `signal` aborts when the answer is not needed any more. */
export interface RunItem {
  readonly taskId: string;
  readonly requestId?: string | undefined;
  readonly attempt: number;
  readonly trace: TraceContext | undefined;
  readonly body: Uint8Array;
  readonly signal: AbortSignal;
  /** Reports progress to the instance. */
  readonly report?: (report: RunReport) => void;
}

type ItemAnswer = { readonly response: Uint8Array } | { readonly failure: TaskError };

/** Runs one request or one batch, without those that are aborted already. The answers are in order and never reject. */
export type RunModel = (items: readonly RunItem[]) => readonly Promise<ItemAnswer>[];

interface ModelContext {
  readonly variant: string | undefined;
  readonly weights?: Weights | undefined;
  readonly logger: Logger;
  readonly maxResponseBytes: number;
}

interface Decoded<Request> {
  readonly request: Request;
  readonly context: PredictContext;
}

/** Limits of one report. */
const MAX_MESSAGE_LENGTH = 1000;
const MAX_PARTIAL_BYTES = 128 * 1024;

/** Binds a definition to the result of its `setup`. Requests and responses are encoded messages. */
export function bindModel<Request, Response, State, Answer>(
  definition: ModelDefinition<Request, Response, State, Answer>,
  state: State,
  { variant, weights, logger, maxResponseBytes }: ModelContext,
): RunModel {
  const { request: requestType, response: responseType } = definition;

  function decode({ body, report, ...item }: RunItem): Decoded<Request> | TaskError {
    const context = { ...item, variant, weights, logger: loggerOf(item), ...reporting(report) };
    try {
      return { request: requestType.decode(body), context };
    } catch (error) {
      return finalError('request_unreadable', `The request cannot be read: ${messageOf(error)}`);
    }
  }

  /** Its lines can be found by the ids of the task and of the request. */
  function loggerOf({ taskId, requestId }: Pick<RunItem, 'taskId' | 'requestId'>): Logger {
    const trail = { taskId, requestId };
    return {
      debug: (message, fields) => logger.debug(message, { ...trail, ...fields }),
      info: (message, fields) => logger.info(message, { ...trail, ...fields }),
      warn: (message, fields) => logger.warn(message, { ...trail, ...fields }),
      error: (message, fields) => logger.error(message, { ...trail, ...fields }),
    };
  }

  /** A partial response that is no response message throws into the model. */
  function reporting(report: RunItem['report']): Pick<PredictContext, 'progress' | 'partial'> {
    return {
      progress(fraction, message) {
        const isFraction = fraction >= 0 && fraction <= 1;
        if (!isFraction) throw new RangeError(`The progress must be from 0 to 1, not ${fraction}.`);
        report?.({ fraction, ...(message === undefined ? {} : { message: message.slice(0, MAX_MESSAGE_LENGTH) }) });
      },
      partial(answer) {
        const response = responseType.encode(answer as Answer);
        if (response.byteLength > MAX_PARTIAL_BYTES) {
          throw new RangeError(`A partial response may have ${MAX_PARTIAL_BYTES} bytes, not ${response.byteLength}.`);
        }
        report?.({ response });
      },
    };
  }

  /** Logs where an error that the model did not foresee came from. One with a code was meant. */
  function told(error: unknown, context?: PredictContext): TaskError {
    const failure = failureOf(error);
    if (failure.code === 'model_error' && !context?.signal.aborted)
      (context ?? { logger }).logger.error('The model threw an error.', { error });
    return failure;
  }

  function encode(answer: unknown): ItemAnswer {
    if (answer instanceof Error) return { failure: told(answer) };
    let response: Uint8Array;
    try {
      response = responseType.encode(answer as Answer);
    } catch (error) {
      const message = `The model's response does not match its response message: ${messageOf(error)}`;
      return { failure: finalError('result_unserializable', message) };
    }
    const { byteLength } = response;
    if (byteLength <= maxResponseBytes) return { response };
    const message = `The model's response has ${byteLength} bytes; ${maxResponseBytes} are allowed.`;
    return { failure: finalError('result_too_large', message) };
  }

  async function predict({ request, context }: Decoded<Request>): Promise<ItemAnswer> {
    try {
      if (!definition.predict) throw new TypeError('This model has only predictBatch.');
      return encode(await definition.predict(state, request, context));
    } catch (error) {
      return { failure: told(error, context) };
    }
  }

  async function predictBatch(items: readonly Decoded<Request>[]): Promise<readonly ItemAnswer[]> {
    const signal = whenAllAborted(items.map(({ context }) => context.signal));
    const context: BatchContext = { signal, logger, variant, weights, tasks: items.map(({ context }) => context) };
    const requests = items.map(({ request }) => request);
    const answers = await definition.predictBatch?.(state, requests, context);
    if (answers?.length === items.length) return answers.map(encode);
    throw new Error(`The model returned ${answers?.length ?? 0} answers to a batch of ${items.length}.`);
  }

  /** If a batch throws, runs each item alone, so that only the invalid request fails. */
  async function predictEach(items: readonly Decoded<Request>[]): Promise<readonly ItemAnswer[]> {
    try {
      return await predictBatch(items);
    } catch (error) {
      if (items.length === 1 || items.every(({ context }) => context.signal.aborted)) {
        return items.map(({ context }) => ({ failure: told(error, context) }));
      }
    }
    const answers: ItemAnswer[] = [];
    for (const item of items) answers.push(...(await predictEach([item])));
    return answers;
  }

  return function runModel(items) {
    const decoded = items.map(decode);
    const readable = decoded.filter((item) => 'request' in item && !item.context.signal.aborted) as Decoded<Request>[];
    const batch = definition.predictBatch && readable.length > 0 ? predictEach(readable) : undefined;
    let next = 0;
    return decoded.map(async (item) => {
      if (!('request' in item)) return { failure: item };
      if (item.context.signal.aborted) return { failure: told(item.context.signal.reason, item.context) };
      if (!batch) return predict(item);
      const position = next++;
      return (await batch)[position] as ItemAnswer;
    });
  };
}

/** Aborts when all requests of the batch are aborted. */
function whenAllAborted(signals: readonly AbortSignal[]): AbortSignal {
  const [only] = signals;
  if (only && signals.length === 1) return only;
  const all = new AbortController();
  // Some may be aborted before the batch starts.
  const waited = signals.filter(({ aborted }) => !aborted);
  let left = waited.length;
  const onAbort = ({ target }: Event) => --left === 0 && all.abort((target as AbortSignal).reason);
  for (const signal of waited) signal.addEventListener('abort', onAbort, { once: true });
  if (left === 0) all.abort(only?.reason);
  return all.signal;
}

/**
 * Converts an error of the model into the error that the task's owner sees. An error with `retryable: false`, such as
 * `InvalidInput`, ends the task. Its `code` is kept.
 */
function failureOf(thrown: unknown): TaskError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { retryable, code } = error as Error & { readonly retryable?: unknown; readonly code?: unknown };
  return {
    code: typeof code === 'string' ? code : 'model_error',
    message: error.message || error.name,
    retryable: retryable !== false,
  };
}

const finalError = (code: string, message: string): TaskError => ({ code, message, retryable: false });

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
