import type { ModelManifest } from '#catalog/manifest.ts';
import type { MessageType } from '#contract';
import type { Logger, TraceContext } from '#core';

export interface SetupContext {
  /** Aborts when the instance is stopped. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** The variant to serve; undefined for a model without variants. */
  readonly variant: string | undefined;
  /** The deployed version; undefined before the first deployment and for a model that is not `versioned`. */
  readonly weights?: Weights | undefined;
}

/** The files of a deployed version. */
export interface Weights {
  readonly version: string;
  /** Contains the files. */
  readonly folder: string;
}

export interface PredictContext extends SetupContext {
  /** Aborts when the run times out, its lease is lost or the instance is stopped. A later result is ignored. */
  readonly signal: AbortSignal;
  readonly taskId: string;
  /** 1 on the first run of the task. */
  readonly attempt: number;
  /** The caller's W3C Trace Context, if any. */
  readonly trace: TraceContext | undefined;
}

export interface BatchContext extends SetupContext {
  /** One per request, in the order of the requests. */
  readonly tasks: readonly { readonly taskId: string; readonly attempt: number }[];
}

interface ModelBase<Request, Response, State> {
  readonly manifest: ModelManifest;
  readonly request: MessageType<Request>;
  readonly response: MessageType<Response>;
  /** Runs once per process, before the first task. The instance is ready when it resolves and exits when it throws. */
  setup?(context: SetupContext): State | Promise<State>;
}

interface SingleModel<Request, Response, State> extends ModelBase<Request, Response, State> {
  /** Throw `InvalidInput` for a request that can never succeed. Other errors are retried. */
  predict(state: State, request: Request, context: PredictContext): Partial<Response> | Promise<Partial<Response>>;
  predictBatch?: never;
}

interface BatchModel<Request, Response, State> extends ModelBase<Request, Response, State> {
  predict?: never;
  /**
   * Returns the answers in the order of the requests. An `Error` instead of an answer fails only that request. If the
   * method throws, each request is run again alone, so that only the invalid one fails.
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

/** Defines a model: its contract and its methods. The runtime does everything else. */
export const defineModel = <Request, Response, State = undefined>(
  definition: ModelDefinition<Request, Response, State>,
): ModelDefinition<Request, Response, State> => definition;

/** Throw it for a request that no retry can fix. The task fails immediately with this message. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput';
  readonly code = 'invalid_input';
  readonly retryable = false;
}
