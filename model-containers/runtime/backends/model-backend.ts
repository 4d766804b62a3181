import type { ModelManifest } from '#catalog/manifest.ts';
import type { Contract, TaskError, TraceContext } from '#core';

/** Where a model runs, as the worker sees it. The model's code is never in the process of the worker. */
export interface ModelBackend {
  /** Starts one process of the model and returns at once. */
  launch(): ModelProcess;
}

/** One life of one process that runs the model. */
export interface ModelProcess {
  /** Resolves when the definition is loaded. Rejects with `ModelStartError` when it cannot be, or when the process ends first. */
  describe(): Promise<ModelDescription>;
  /** Runs `setup`, once. `signal` aborts it. Rejects with `ModelStartError` when it throws, or when the process ends first. */
  setUp(variant: string | undefined, signal: AbortSignal): Promise<void>;
  /** Starts one run. It can be called while others are under way. */
  run(requests: readonly RunRequest[]): ModelRun;
  /** Resolves when the thread of the model has answered; rejects when the process ends first. */
  ping(): Promise<void>;
  /** Ends the process at once, whatever the model does. */
  kill(): void;
  /** Lets the process end by itself, and kills it when it does not. Resolves when it is gone. */
  close(): Promise<void>;
  /** Resolves when the process is gone and everything it sent was read. Every answer is settled by then. */
  readonly exited: Promise<ModelExit>;
}

/** What the model's definition says. */
export interface ModelDescription {
  readonly manifest: ModelManifest;
  readonly contract: Contract;
}

export interface RunRequest {
  readonly taskId: string;
  /** 1 on the first run of the task. */
  readonly attempt: number;
  readonly trace: TraceContext | undefined;
  /** The model's request message, encoded. */
  readonly body: Uint8Array;
}

export interface ModelRun {
  /** One per request, in order. They never reject. */
  readonly answers: readonly Promise<RunAnswer>[];
  /** Aborts the signal of one request; the answer still follows when the model has finished with it. */
  abort(position: number, cause: AbortCause): void;
}

/** `response`: the encoded response message. `failure`: what the model threw. `exit`: the process ended before it answered. */
export type RunAnswer =
  | { readonly response: Uint8Array }
  | { readonly failure: TaskError }
  | { readonly exit: ModelExit };

/** How a process ended. */
export interface ModelExit {
  /** The end of a sentence: `was killed by SIGSEGV`, `ended with exit code 1: The weights melted.` */
  readonly description: string;
}

/** The model cannot run: its definition cannot be loaded, or its setup failed. `stack` names files and lines of the model only. */
export class ModelStartError extends Error {
  override readonly name = 'ModelStartError';
  /** The code of the error that was thrown, when it had one. */
  readonly code: string | undefined;

  constructor(message: string, { stack, code }: { readonly stack?: string; readonly code?: string } = {}) {
    super(message);
    this.stack = stack || `${this.name}: ${message}`;
    this.code = code || undefined;
  }
}

/**
 * Why nobody waits for a run any more:
 * `timeout` it took too long · `deadline` its task expired · `lease-lost` somebody else may run the task ·
 * `task-ended` the task ended elsewhere · `stopping` the instance must go.
 */
export const ABORT_CAUSES = ['timeout', 'deadline', 'lease-lost', 'task-ended', 'stopping'] as const;
export type AbortCause = (typeof ABORT_CAUSES)[number];

/** The reason of a run's `AbortSignal`. */
export class RunAborted extends Error {
  override readonly name = 'RunAborted';
  readonly abortCause: AbortCause;

  constructor(abortCause: AbortCause) {
    super(`The run was aborted: ${abortCause}.`);
    this.abortCause = abortCause;
  }
}
