import type { ModelManifest } from '#catalog/manifest.ts';
import type { Contract, TaskError, TraceContext } from '#core';
import type { Weights } from '../define-model.ts';

/** Runs a model outside the worker's process. */
export interface ModelBackend {
  /** Starts a process and returns immediately. */
  launch(): ModelProcess;
}

/** One process of a model, from its start to its exit. */
export interface ModelProcess {
  /** Resolves when the model's code is loaded. Rejects with `ModelStartError` when that fails or the process ends. */
  describe(): Promise<ModelDescription>;
  /** Runs `setup`. Call once. Rejects with `ModelStartError` when `setup` throws or the process ends. */
  setUp(variant: string | undefined, signal: AbortSignal, weights?: Weights): Promise<void>;
  /** Starts one run. Runs may be concurrent. */
  run(requests: readonly RunRequest[]): ModelRun;
  /** Resolves when the model's thread answers. Rejects when the process ends. */
  ping(): Promise<void>;
  /** Lets all other processes go first. Absent where that is not possible. */
  yieldToOthers?(): void;
  /** Kills the process. */
  kill(): void;
  /** Asks the process to end and kills it if it does not. Resolves when it has ended. */
  close(): Promise<void>;
  /** Resolves when the process has ended and its output was read. All answers are settled then. */
  readonly exited: Promise<ModelExit>;
}

export interface ModelDescription {
  readonly manifest: ModelManifest;
  readonly contract: Contract;
}

export interface RunRequest {
  readonly taskId: string;
  /** The `X-Request-Id` of the submit, for logs. */
  readonly requestId?: string | undefined;
  /** 1 on the first run of the task. */
  readonly attempt: number;
  readonly trace: TraceContext | undefined;
  /** Selects the version during a roll-out. Undefined: the id of the task. */
  readonly routingKey?: string | undefined;
  /** For the prediction log. */
  readonly source?: TaskSource;
  /** The encoded request message. */
  readonly body: Uint8Array;
  /** Called with each report of the model during the run. Must not throw. */
  readonly onReport?: ((report: RunReport) => void) | undefined;
}

/** The progress of a request, or a part of its response. */
export interface RunReport {
  /** From 0 to 1. */
  readonly fraction?: number | undefined;
  readonly message?: string | undefined;
  /** A partial response: the encoded response message. */
  readonly response?: Uint8Array | undefined;
}

/** The origin of a request. */
interface TaskSource {
  readonly owner: string;
  /** When the task was submitted, Unix milliseconds. */
  readonly at: number;
  /** The contract that the request was encoded with. */
  readonly contractHash: string;
}

export interface ModelRun {
  /** One per request, in order. Never reject. */
  readonly answers: readonly Promise<RunAnswer>[];
  /** Aborts the signal of one request. The answer still follows when the model has finished. */
  abort(position: number, cause: AbortCause): void;
}

/** `response`: the encoded response message. `failure`: the error of the model. `exit`: the process ended before. */
export type RunAnswer =
  | { readonly response: Uint8Array }
  | { readonly failure: TaskError }
  | { readonly exit: ModelExit };

export interface ModelExit {
  /** Completes a sentence: `was killed by SIGSEGV`, `ended with exit code 1: The weights file is corrupt.` */
  readonly description: string;
}

/** The model's code could not be loaded, or `setup` failed. `stack` has only frames of the model's code. */
export class ModelStartError extends Error {
  override readonly name = 'ModelStartError';
  /** The `code` of the original error, if any. */
  readonly code: string | undefined;

  constructor(message: string, { stack, code }: { readonly stack?: string; readonly code?: string } = {}) {
    super(message);
    this.stack = stack || `${this.name}: ${message}`;
    this.code = code || undefined;
  }
}

/**
 * Why a run was aborted. `timeout`: its time limit · `deadline`: its task expired · `lease-lost`: another instance may
 * run the task · `task-ended`: the task ended elsewhere · `stopping`: the instance is stopping.
 */
export const ABORT_CAUSES = ['timeout', 'deadline', 'lease-lost', 'task-ended', 'stopping'] as const;
export type AbortCause = (typeof ABORT_CAUSES)[number];

export class RunAborted extends Error {
  override readonly name = 'RunAborted';
  readonly abortCause: AbortCause;

  constructor(abortCause: AbortCause) {
    super(`The run was aborted: ${abortCause}.`);
    this.abortCause = abortCause;
  }
}
