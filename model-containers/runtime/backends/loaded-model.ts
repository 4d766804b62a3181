import type { Batching, ModelManifest } from '#catalog/manifest.ts';
import { limitsOf } from '#catalog/manifest.ts';
import type { Logger, ModelLimits } from '#core';
import type { BatchContext, ModelDefinition, PredictContext } from '../define-model.ts';

/** What one run of a model works on: a request and what the model may know about its task. */
export interface RunItem {
  readonly request: unknown;
  readonly context: PredictContext;
}

/** A model after `setup`, with its types forgotten: encoded requests go in, encoded responses come out. */
export interface LoadedModel {
  readonly name: string;
  readonly limits: ModelLimits;
  /** Runs at once. */
  readonly slots: number;
  readonly batching: Batching;
  /** Throws `UnreadableMessageError`. */
  decodeRequest(bytes: Uint8Array): unknown;
  /** Throws a TypeError for what is not the response message. */
  encodeResponse(response: unknown): Uint8Array;
  /** One run. Resolves with an answer or an `Error` per item, in order; never rejects. `signal` aborts when no item is wanted any more. */
  run(items: readonly RunItem[], signal: AbortSignal): Promise<readonly unknown[]>;
}

/** Runs of a model without batching hold one request. */
const NO_BATCHING: Batching = { maxSize: 1, maxWaitMs: 0 };

/** Binds a definition to what its `setup` resolved. */
export function bindModel<Request, Response, State>(
  definition: ModelDefinition<Request, Response, State>,
  state: State,
  { variant, logger }: { readonly variant: string | undefined; readonly logger: Logger },
): LoadedModel {
  const { manifest, request, response } = definition;
  const single = async ({ request, context }: RunItem): Promise<unknown> => {
    if (!definition.predict) throw new TypeError('This model answers batches only.');
    return definition.predict(state, request as Request, context);
  };
  const batch = async (items: readonly RunItem[], signal: AbortSignal): Promise<readonly unknown[]> => {
    const context: BatchContext = { signal, logger, variant, tasks: items.map(({ context }) => context) };
    const answers = await definition.predictBatch?.(
      state,
      items.map((item) => item.request as Request),
      context,
    );
    if (answers?.length === items.length) return answers;
    throw new Error(`The model gave ${answers?.length ?? 0} answers to a batch of ${items.length}.`);
  };
  return {
    name: manifest.name,
    limits: limitsOf(manifest),
    slots: manifest.slots ?? 1,
    batching: batchingOf(manifest, definition.predictBatch !== undefined),
    decodeRequest: (bytes) => request.decode(bytes),
    encodeResponse: (answer) => response.encode(answer as Partial<Response>),
    run: definition.predictBatch
      ? (items, signal) => runBatch(batch, items, signal)
      : (items) => Promise.all(items.map((item) => single(item).catch(asError))),
  };
}

function batchingOf({ name, batching }: ModelManifest, answersBatches: boolean): Batching {
  if (batching && !answersBatches) throw new Error(`The model ${name} sets batching, but has no predictBatch.`);
  return batching ?? NO_BATCHING;
}

/** When a batch throws, each item is run again alone: one bad request fails alone. */
async function runBatch(
  batch: (items: readonly RunItem[], signal: AbortSignal) => Promise<readonly unknown[]>,
  items: readonly RunItem[],
  signal: AbortSignal,
): Promise<readonly unknown[]> {
  try {
    return await batch(items, signal);
  } catch (error) {
    if (items.length === 1 || signal.aborted) return items.map(() => asError(error));
  }
  const answers: unknown[] = [];
  for (const item of items) answers.push((await runBatch(batch, [item], signal))[0]);
  return answers;
}

const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));
