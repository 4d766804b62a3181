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
  /** The `X-Request-Id` of the submit or retry. Every line of `logger` has it, and `taskId`. */
  readonly requestId?: string | undefined;
  /** 1 on the first run of the task. */
  readonly attempt: number;
  /** The caller's W3C Trace Context, if any. */
  readonly trace: TraceContext | undefined;
  /**
   * Reports progress to the caller: `fraction` from 0 to 1. At most one report a second is stored, the latest. Throws a
   * RangeError for another fraction.
   */
  progress(fraction: number, message?: string): void;
  /**
   * Sends the caller a part of the result: a response message with the known fields. All parts are kept, up to 10 MiB
   * per task. Throws for an invalid response message and for more than 128 KiB.
   */
  partial(answer: object): void;
}

export interface BatchContext extends SetupContext {
  /** One per request, in the order of the requests. */
  readonly tasks: readonly Pick<
    PredictContext,
    'taskId' | 'requestId' | 'attempt' | 'logger' | 'progress' | 'partial'
  >[];
}

interface ModelBase<Request, Response, State, Answer> {
  readonly manifest: ModelManifest;
  readonly request: MessageType<Request>;
  readonly response: MessageType<Response, Answer>;
  /** Runs once per process, before the first task. The instance is ready when it resolves and exits when it throws. */
  setup?(context: SetupContext): State | Promise<State>;
}

interface SingleModel<Request, Response, State, Answer> extends ModelBase<Request, Response, State, Answer> {
  /** Throw `InvalidInput` for a request that can never succeed. Other errors are retried. */
  predict(state: State, request: Request, context: PredictContext): Answer | Promise<Answer>;
  predictBatch?: never;
}

interface BatchModel<Request, Response, State, Answer> extends ModelBase<Request, Response, State, Answer> {
  predict?: never;
  /**
   * Returns the answers in the order of the requests. An `Error` instead of an answer fails only that request. If the
   * method throws, each request is run again alone, so that only the invalid one fails.
   */
  predictBatch(
    state: State,
    requests: readonly Request[],
    context: BatchContext,
  ): readonly (Answer | Error)[] | Promise<readonly (Answer | Error)[]>;
}

/** `Answer` is what may be returned for a response: fields may be missing, and enums may be names. */
export type ModelDefinition<Request, Response, State, Answer = Partial<Response>> =
  | SingleModel<Request, Response, State, Answer>
  | BatchModel<Request, Response, State, Answer>;

/** Defines a model: its contract and its methods. The runtime does everything else. */
export const defineModel = <Request, Response, Answer, State = undefined>(
  definition: ModelDefinition<Request, Response, State, Answer>,
): ModelDefinition<Request, Response, State, Answer> => definition;

/** Throw it for a request that no retry can fix. The task fails immediately with this message. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput';
  readonly code = 'invalid_input';
  readonly retryable = false;
}
