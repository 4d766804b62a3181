import { randomUUID } from 'node:crypto';
import type { SQSRecord } from 'aws-lambda';
import type { HandlerDeps } from '#api';
import {
  backoffMs,
  type Clock,
  type DeadLetter,
  type Delivery,
  type Logger,
  type ModelRegistry,
  type TaskConsumer,
  type TaskQueues,
} from '#core';
import { createHandler } from '#lambdas/give-up-task/handler.ts';
import { lambdaContext } from './bridge-invoke.ts';

export interface DeadLetterPumpOptions {
  readonly models: readonly string[];
  readonly queues: TaskQueues;
  /** Gives up these tasks. Resolves with the deliveries to retry later. */
  readonly giveUp: (model: string, deliveries: readonly Delivery[]) => Promise<ReadonlySet<Delivery>>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface DeadLetterPump {
  /** Starts processing the dead letters of a model. Idempotent. */
  add(model: string): void;
  /** Stops receiving. Resolves when the received dead letters are settled. */
  stop(): Promise<void>;
}

const BATCH = 10;
const LEASE_SECONDS = 30;
/** Delay before a failed dead letter is retried. */
const RETRY_SECONDS = 5;
const BACKOFF = { baseMs: 500, maxMs: 15_000 };

/** Like Lambda's event source mapping: passes dead letters to their handler, then deletes them. */
export function startDeadLetterPump(options: DeadLetterPumpOptions): DeadLetterPump {
  const stopping = new AbortController();
  const pumps = new Map<string, Promise<void>>();
  const add = (model: string): void => {
    if (!pumps.has(model)) pumps.set(model, pump(options, model, stopping.signal));
  };
  options.models.forEach(add);
  return {
    add,
    async stop() {
      stopping.abort();
      await Promise.all(pumps.values());
    },
  };
}

async function pump(options: DeadLetterPumpOptions, model: string, signal: AbortSignal): Promise<void> {
  const { queues, clock, logger } = options;
  const consumer = queues(model).consume({ leaseSeconds: LEASE_SECONDS, signal, source: 'dead-letters' });
  let failures = 0;
  while (!signal.aborted) {
    try {
      await pumpOnce(options, model, consumer);
      failures = 0;
    } catch (error) {
      failures += 1;
      logger.warn('Dead letters could not be handled; retrying.', { model, reason: String(error) });
      await clock.sleep(Math.ceil(backoffMs(BACKOFF, failures)), signal);
    }
  }
  await consumer.close();
}

async function pumpOnce({ giveUp }: DeadLetterPumpOptions, model: string, consumer: TaskConsumer): Promise<void> {
  const deliveries = await consumer.receive(BATCH);
  if (deliveries.length === 0) return;
  let failed: ReadonlySet<Delivery> = new Set(deliveries);
  try {
    failed = await giveUp(model, deliveries);
  } finally {
    // Leases are renewed while the pump runs, so failed deliveries must be released.
    await Promise.all(
      deliveries.map((delivery) =>
        failed.has(delivery) ? delivery.release({ delaySeconds: RETRY_SECONDS }) : delivery.ack(),
      ),
    );
  }
}

interface RegisteredPumpOptions extends Omit<DeadLetterPumpOptions, 'models'> {
  readonly registry: ModelRegistry;
}

/** Interval of checks for new models. */
const CHECK_EVERY_MS = 5_000;

/** Processes the dead letters of all registered models. */
export function pumpRegisteredModels({ registry, ...options }: RegisteredPumpOptions): Pick<DeadLetterPump, 'stop'> {
  const stopping = new AbortController();
  const pump = startDeadLetterPump({ ...options, models: [] });
  const watching = watch({ registry, ...options }, (model) => pump.add(model), stopping.signal);
  return {
    async stop() {
      stopping.abort();
      await watching;
      await pump.stop();
    },
  };
}

async function watch(
  { registry, clock, logger }: RegisteredPumpOptions,
  add: (model: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const known = new Set<string>();
  while (!signal.aborted) {
    try {
      const { models } = await registry.snapshot();
      for (const { name } of models.filter((model) => !known.has(model.name))) {
        known.add(name);
        add(name);
      }
    } catch (error) {
      // Recovery: known models are processed; new ones are found at the next check.
      logger.debug('The registry cannot be read; retrying.', { reason: String(error) });
    }
    await clock.sleep(CHECK_EVERY_MS, signal);
  }
}

const TIMEOUT_MS = 30_000;

/** Passes dead letters to their Lambda handler, as a batch of SQS records. */
export function createGiveUp(deps: HandlerDeps): DeadLetterPumpOptions['giveUp'] {
  return async function giveUp(model, deliveries) {
    const byId = new Map(deliveries.map((delivery) => [randomUUID() as string, delivery]));
    const handle = createHandler(({ messageId }) => toDeadLetter(model, byId.get(messageId)))(deps);
    const records = [...byId].map(([messageId, delivery]) => toRecord(model, messageId, delivery));
    const context = lambdaContext({ name: 'give-up-task', requestId: randomUUID(), timeoutMs: TIMEOUT_MS });
    const { batchItemFailures } = await handle({ Records: records }, context);
    const failed = batchItemFailures.map(({ itemIdentifier }) => byId.get(itemIdentifier));
    return new Set(failed.filter((delivery) => delivery !== undefined));
  };
}

function toDeadLetter(model: string, delivery: Delivery | undefined): DeadLetter {
  if (!delivery) throw new Error('The handler returned an unknown record.');
  const { body, attempts, reason } = delivery;
  return { model, body, attempts, ...(reason ? { reason } : {}) };
}

const toRecord = (model: string, messageId: string, { body, fence }: Delivery): SQSRecord => ({
  messageId,
  receiptHandle: messageId,
  body: Buffer.from(body).toString('base64'),
  attributes: {
    ApproximateReceiveCount: String(fence),
    SentTimestamp: '0',
    SenderId: 'local',
    ApproximateFirstReceiveTimestamp: '0',
  },
  messageAttributes: {},
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: `arn:aws:sqs:local:000000000000:${model}`,
  awsRegion: 'local',
});
