import { randomUUID } from 'node:crypto';
import type { ModelManifest } from '#catalog/manifest.ts';
import {
  backoffMs,
  isLogged,
  type JsonObject,
  type LoggedPrediction,
  type Logger,
  PREDICTION_LOG_OWNER,
  submitTask,
} from '#core';
import { stageCommand } from '#core/stages';
import type { Platform } from '#platform/platform.ts';
import type { AnswerLog } from '../worker/answer-log.ts';

export interface PredictionLogOptions {
  readonly platform: Pick<Platform, 'tasks' | 'queues' | 'blobs' | 'clock' | 'accept'>;
  readonly logger: Logger;
  readonly model: string;
  /** The id of the instance. */
  readonly instance: string;
  /** The share of the tasks that is logged, 0 to 1. */
  readonly share: number;
}

const MAX_RECORDS = 1000;
const MAX_AGE_MS = 60_000;
/** Keeps a batch far below the largest payload. */
const MAX_BYTES = 2 * 1024 * 1024;
/** Larger requests and answers are not logged; the prediction is. */
const MAX_VALUE_BYTES = 64 * 1024;
/** More are dropped, and rebuilt from their tasks later. */
const MAX_WAITING = 20;
const RETRY = { baseMs: 500, maxMs: 30_000 };

/** The log of a versioned model. Undefined where nothing is logged. */
export function predictionLogOf(
  options: Omit<PredictionLogOptions, 'model'>,
  { name, versioned }: Pick<ModelManifest, 'name' | 'versioned'>,
): PredictionLog | undefined {
  return versioned && options.share > 0 ? new PredictionLog({ ...options, model: name }) : undefined;
}

/**
 * Collects answers and hands them on in batches, as stages of the service monitoring: 1,000 records, or what has come
 * within 60 s. Predictions do not wait for it.
 */
export class PredictionLog implements AnswerLog {
  readonly #options: PredictionLogOptions;
  /** Instances that are started again keep their id. */
  readonly #id = randomUUID();
  readonly #closing = new AbortController();
  #records: LoggedPrediction[] = [];
  #bytes = 0;
  #timer: Promise<void> | undefined;
  #sequence = 0;
  #waiting = 0;
  #sending: Promise<void> = Promise.resolve();
  /** Time of the first answer that was dropped, Unix milliseconds. */
  #lostSince: number | undefined;

  constructor(options: PredictionLogOptions) {
    this.#options = options;
  }

  takes(taskId: string): boolean {
    return isLogged(taskId, this.#options.share);
  }

  add({
    taskId,
    owner,
    at,
    contractHash,
    request,
    responseHash,
    response,
    version,
    shadow,
  }: Parameters<AnswerLog['add']>[0]): void {
    const isNew = this.#sequence === 0 && this.#records.length === 0;
    // Says that this instance logs, so that what it loses is found.
    if (isNew) this.#send({ opened_at: at });
    this.#records.push({
      ...{ id: taskId, owner, at, contract: contractHash, response_contract: responseHash },
      request: textOf(request),
      response: textOf(response),
      ...(version === undefined ? {} : { version }),
      ...(shadow ? { shadow } : {}),
    });
    this.#bytes += request.byteLength + response.byteLength;
    if (this.#records.length >= MAX_RECORDS || this.#bytes >= MAX_BYTES) this.#flush();
    else this.#timer ??= this.#flushLater();
  }

  /** Hands on what is left. Never rejects. Resolves after one try of each batch. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#timer;
    if (this.#sequence > 0) this.#flush(true);
    await this.#sending;
  }

  async #flushLater(): Promise<void> {
    await this.#options.platform.clock.sleep(MAX_AGE_MS, this.#closing.signal);
    this.#timer = undefined;
    if (!this.#closing.signal.aborted) this.#flush();
  }

  #flush(isLast = false): void {
    const records = this.#records;
    if (records.length === 0 && !isLast) return;
    this.#records = [];
    this.#bytes = 0;
    if (this.#waiting >= MAX_WAITING) {
      this.#lostSince ??= records[0]?.at;
      return;
    }
    const lost = this.#lostSince === undefined ? {} : { lost_since: this.#lostSince };
    this.#lostSince = undefined;
    this.#send({ records: records as unknown as JsonObject[], ...lost, ...(isLast ? { closed: true } : {}) });
  }

  #send(part: JsonObject): void {
    const { model, instance, share, platform } = this.#options;
    this.#sequence += 1;
    const args = {
      model,
      instance,
      writer: this.#id,
      share,
      sequence: this.#sequence,
      sent_at: platform.clock.now(),
      ...part,
    };
    this.#waiting += 1;
    this.#sending = this.#sending
      .then(() => this.#submit(args))
      .finally(() => {
        this.#waiting -= 1;
      });
  }

  /** Tries until the platform takes it, or once while the instance ends. */
  async #submit(args: JsonObject): Promise<void> {
    const { platform, logger } = this.#options;
    const command = {
      ...(await stageCommand({ service: 'monitoring', stage: 'log', args, owner: PREDICTION_LOG_OWNER })),
      idempotencyKey: `log/${this.#id}/${args.sequence}`,
    };
    for (let tries = 1; ; tries++) {
      try {
        await submitTask(platform, command);
        return;
      } catch (error) {
        logger.warn('Predictions could not be logged yet.', { reason: String(error), tries });
        if (this.#closing.signal.aborted) return;
        await platform.clock.sleep(backoffMs(RETRY, tries), this.#closing.signal);
      }
    }
  }
}

const textOf = (bytes: Uint8Array): string | null =>
  bytes.byteLength > MAX_VALUE_BYTES ? null : Buffer.from(bytes).toString('base64');
