import type { ModelManifest } from '#catalog/manifest.ts';
import type { MessageType } from '#contract';
import type { Logger, TraceContext } from '#core';

export interface SetupContext {
  /** Aborts when the instance is told to stop. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** The variant to serve; undefined for a model without variants. */
  readonly variant: string | undefined;
}

export interface PredictContext extends SetupContext {
  /** Aborts when the run times out, its lease is lost or the instance must stop. What is returned afterwards is ignored. */
  readonly signal: AbortSignal;
  readonly taskId: string;
  /** 1 on the first run of the task. */
  readonly attempt: number;
  /** The caller's W3C Trace Context, when it sent one. */
  readonly trace: TraceContext | undefined;
}

export interface BatchContext extends SetupContext {
  /** One per request, in the same order. */
  readonly tasks: readonly { readonly taskId: string; readonly attempt: number }[];
}

interface ModelBase<Request, Response, State> {
  readonly manifest: ModelManifest;
  readonly request: MessageType<Request>;
  readonly response: MessageType<Response>;
  /** Once per instance, before the first task; the instance is ready when it resolves, and exits when it throws. */
  setup?(context: SetupContext): State | Promise<State>;
}

interface SingleModel<Request, Response, State> extends ModelBase<Request, Response, State> {
  /** Throw `InvalidInput` for a request that can never succeed; anything else thrown is retried. */
  predict(state: State, request: Request, context: PredictContext): Partial<Response> | Promise<Partial<Response>>;
  predictBatch?: never;
}

interface BatchModel<Request, Response, State> extends ModelBase<Request, Response, State> {
  predict?: never;
  /**
   * Answers in the order of the requests; an `Error` in place of an answer fails that request alone.
   * When it throws, every request of the batch is run again alone, so that one bad request fails alone.
   */
  predictBatch(
    state: State,
    requests: readonly Request[],
    context: BatchContext,
  ): readonly (Partial<Response> | Error)[] | Promise<readonly (Partial<Response> | Error)[]>;
}

export type ModelDefinition<Request, Response, State> =
  | SingleModel<Request, Response, State>
  | BatchModel<Request, Response, State>;

/** Says what a model is: its contract and one method. Everything around it is the runtime's. */
export const defineModel = <Request, Response, State = undefined>(
  definition: ModelDefinition<Request, Response, State>,
): ModelDefinition<Request, Response, State> => definition;

/** Thrown by a model for a request that no retry will make right: the task fails at once, with this message. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput';
  readonly code = 'invalid_input';
  readonly retryable = false;
}
