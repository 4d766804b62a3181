import { type BatchResultErrorEntry, DeleteMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { type Clock, unavailable } from '#core';
import { isLostReceipt, translated } from '../errors.ts';

/** Maximum per call of SQS. */
const MAX_BATCH = 10;
/** Maximum wait of the first acknowledgement of a batch. */
const MAX_WAIT_MS = 50;
const RETRY_PAUSES_MS = [100, 500, 2000];

interface PendingAck {
  readonly receiptHandle: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Batches acknowledgements: one call per ten tasks. */
export class AckBatcher {
  readonly #client: SQSClient;
  readonly #queueUrl: string;
  readonly #clock: Clock;
  #pending: PendingAck[] = [];
  readonly #sending = new Set<Promise<void>>();
  #full = new AbortController();

  constructor(client: SQSClient, queueUrl: string, clock: Clock) {
    this.#client = client;
    this.#queueUrl = queueUrl;
    this.#clock = clock;
  }

  /** Resolves when SQS has deleted the message. Rejects with `queue_unavailable`. */
  add(receiptHandle: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ receiptHandle, resolve, reject });
      if (this.#pending.length === 1) void this.#flushSoon();
      if (this.#pending.length === MAX_BATCH) this.#flush();
    });
  }

  /** Sends pending acknowledgements. Resolves when all are settled. */
  async drain(): Promise<void> {
    this.#flush();
    await Promise.all(this.#sending);
  }

  async #flushSoon(): Promise<void> {
    const full = this.#full;
    await this.#clock.sleep(MAX_WAIT_MS, full.signal);
    if (!full.signal.aborted) this.#flush();
  }

  #flush(): void {
    this.#full.abort();
    this.#full = new AbortController();
    const batch = this.#pending;
    this.#pending = [];
    if (batch.length === 0) return;
    const sending = this.#send(batch).finally(() => this.#sending.delete(sending));
    this.#sending.add(sending);
  }

  async #send(batch: readonly PendingAck[]): Promise<void> {
    let unsettled = batch;
    try {
      for (const pauseMs of RETRY_PAUSES_MS) {
        unsettled = await this.#delete(unsettled);
        if (unsettled.length === 0) return;
        await this.#clock.sleep(pauseMs);
      }
      for (const ack of await this.#delete(unsettled)) ack.reject(refusal('SQS failed to delete the message'));
    } catch (error) {
      for (const ack of unsettled) ack.reject(error);
    }
  }

  /** Settles each entry that SQS deleted or rejected. Returns the entries to retry. */
  async #delete(batch: readonly PendingAck[]): Promise<readonly PendingAck[]> {
    const command = new DeleteMessageBatchCommand({
      QueueUrl: this.#queueUrl,
      Entries: batch.map(({ receiptHandle }, index) => ({ Id: String(index), ReceiptHandle: receiptHandle })),
    });
    const { Failed = [] } = await translated('queue_unavailable', () => this.#client.send(command));
    const failures = new Map(Failed.map((entry) => [Number(entry.Id), entry]));
    for (const [index, ack] of batch.entries()) {
      const failure = failures.get(index);
      // An expired receipt means that the message is visible again: it cannot be deleted.
      if (failure === undefined || isLostReceipt(failure.Code)) ack.resolve();
      else if (!isTransient(failure)) ack.reject(refusal(`${failure.Code}: ${failure.Message}`));
    }
    return batch.filter((_, index) => isTransient(failures.get(index)));
  }
}

const isTransient = (failure: BatchResultErrorEntry | undefined): boolean =>
  failure !== undefined && failure.SenderFault !== true && !isLostReceipt(failure.Code);

const refusal = (why: string) =>
  unavailable('queue_unavailable', 'The task queue refused an acknowledgement.', new Error(why));
