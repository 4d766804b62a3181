import { contractHash } from '#contract';
import { MAX_TRANSFER_BYTES } from '#core';
import {
  type ModelDescription as DescribedModel,
  type LoadModel,
  ModelCommand,
  ModelEvent,
  type RunAnswer as WireAnswer,
  type RunReport as WireReport,
  RunRequest as WireRequest,
} from '#proto/modelyard/v1/model_process.ts';
import type { Weights } from '../define-model.ts';
import { type ByteStream, createFrameReader, createFrameWriter, type EnclosedField, enclosed } from './frames.ts';
import {
  type ModelDescription,
  type ModelExit,
  type ModelRun,
  ModelStartError,
  type RunAnswer,
  type RunRequest,
} from './model-backend.ts';

interface PendingRun {
  readonly requests: readonly RunRequest[];
  readonly answers: readonly PromiseWithResolvers<RunAnswer>[];
  left: number;
}

/** `ModelCommand.request.body`. */
const REQUEST_BODY: EnclosedField = { member: 2, field: 8 };

/** The instance's end of the connection to its model process. */
export class ModelConnection {
  readonly #writer: ReturnType<typeof createFrameWriter>;
  readonly #read: (chunk: Uint8Array) => void;
  readonly #described = Promise.withResolvers<ModelDescription>();
  readonly #ready = Promise.withResolvers<void>();
  readonly #pings = new Map<number, PromiseWithResolvers<void>>();
  readonly #runs = new Map<number, PendingRun>();
  #numbers = 0;
  #exit: ModelExit | undefined;
  /** The error that the process reported before it ended. */
  fatalError: string | undefined;

  constructor(stream: ByteStream) {
    this.#writer = createFrameWriter(stream);
    this.#read = createFrameReader((frame) => this.#receive(frame));
    for (const { promise } of [this.#described, this.#ready]) promise.catch(() => undefined);
  }

  /** Processes received bytes. Throws for bytes that are not frames of the protocol. */
  receive(chunk: Uint8Array): void {
    this.#read(chunk);
  }

  load(load: LoadModel): void {
    this.#send({ load });
  }

  describe(): Promise<ModelDescription> {
    return this.#described.promise;
  }

  async setUp(variant: string | undefined, signal: AbortSignal, weights?: Weights): Promise<void> {
    const { version = '', folder: weights_folder = '' } = weights ?? {};
    this.#send({ set_up: { variant: variant ?? '', max_response_bytes: MAX_TRANSFER_BYTES, version, weights_folder } });
    const onAbort = () => this.#send({ end_setup: {} });
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    await this.#ready.promise.finally(() => signal.removeEventListener('abort', onAbort));
  }

  run(requests: readonly RunRequest[]): ModelRun {
    const run = this.#nextNumber();
    const answers = requests.map(() => Promise.withResolvers<RunAnswer>());
    this.#runs.set(run, { requests, answers, left: answers.length });
    requests.forEach(({ taskId, requestId = '', attempt, trace, body }, position) => {
      const { traceparent = '', tracestate = '' } = trace ?? {};
      const of = { run, position, size: requests.length, task_id: taskId, request_id: requestId, attempt };
      const request = WireRequest.encode({ ...of, traceparent, tracestate });
      if (!this.#exit) this.#writer.write(...enclosed(REQUEST_BODY, request, body));
    });
    if (this.#exit) this.ended(this.#exit);
    return {
      answers: answers.map(({ promise }) => promise),
      abort: (position, cause) => this.#send({ abort: { run, position, cause } }),
    };
  }

  ping(): Promise<void> {
    const number = this.#nextNumber();
    const pong = Promise.withResolvers<void>();
    this.#pings.set(number, pong);
    pong.promise.catch(() => undefined);
    this.#send({ ping: { number } });
    if (this.#exit) this.ended(this.#exit);
    return pong.promise;
  }

  /** Settles all pending promises. Call when the process has ended and its output was read. */
  ended(exit: ModelExit): void {
    this.#exit = exit;
    const error = new ModelStartError(`The model process ${exit.description}`);
    this.#described.reject(error);
    this.#ready.reject(error);
    for (const pong of this.#pings.values()) pong.reject(error);
    this.#pings.clear();
    for (const { answers } of this.#runs.values()) for (const { resolve } of answers) resolve({ exit });
    this.#runs.clear();
  }

  #send(command: Partial<ModelCommand>): void {
    if (!this.#exit) this.#writer.write(ModelCommand.encode(command));
  }

  #nextNumber(): number {
    this.#numbers = (this.#numbers + 1) >>> 0;
    return this.#numbers;
  }

  #receive(frame: Uint8Array): void {
    const event = ModelEvent.decode(frame);
    if (event.answer) this.#answered(event.answer);
    else if (event.report) this.#reported(event.report);
    else if (event.pong) this.#answeredPing(event.pong.number);
    else if (event.described) this.#described.resolve(readDescription(event.described));
    else if (event.ready) this.#ready.resolve();
    else if (event.start_failure) {
      const { message, stack, code } = event.start_failure;
      const error = new ModelStartError(message, { stack, code });
      this.#described.reject(error);
      this.#ready.reject(error);
    } else if (event.last_words) this.fatalError = event.last_words.message;
    // Ignores unknown frames of newer protocols; a run does not depend on them.
  }

  #answeredPing(number: number): void {
    this.#pings.get(number)?.resolve();
    this.#pings.delete(number);
  }

  #reported({ run, position, fraction, message, response }: WireReport): void {
    const isFraction = fraction !== undefined && fraction >= 0 && fraction <= 1;
    this.#runs.get(run)?.requests[position]?.onReport?.({
      ...(isFraction ? { fraction } : {}),
      ...(message === '' ? {} : { message }),
      ...(response === undefined ? {} : { response }),
    });
  }

  #answered({ run, position, response, failure }: WireAnswer): void {
    const pending = this.#runs.get(run);
    const answer = pending?.answers[position];
    if (!pending || !answer) return;
    answer.resolve(failure ? { failure } : { response: response ?? new Uint8Array() });
    pending.left--;
    if (pending.left === 0) this.#runs.delete(run);
  }
}

function readDescription(described: DescribedModel): ModelDescription {
  const contract = {
    requestMessage: described.request_message,
    responseMessage: described.response_message,
    descriptorSet: described.descriptor_set,
  };
  return {
    manifest: JSON.parse(described.manifest),
    contract: { hash: contractHash(contract), ...contract },
  };
}
