import { backoffMs, type Clock, type Delivery, type Logger, type TaskConsumer, type TaskQueues } from '#core';

export interface DeadLetterPumpOptions {
  readonly models: readonly string[];
  readonly queues: TaskQueues;
  /** Gives up these tasks. Resolves with those that could not be, which are tried again later. */
  readonly giveUp: (model: string, deliveries: readonly Delivery[]) => Promise<ReadonlySet<Delivery>>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface DeadLetterPump {
  /** Takes the dead letters of one more model; does nothing when it takes them already. */
  add(model: string): void;
  /** Takes no more; resolves when what was taken is settled. */
  stop(): Promise<void>;
}

const BATCH = 10;
const LEASE_SECONDS = 30;
/** When a dead letter that could not be handled is tried again. */
const RETRY_SECONDS = 5;
const BACKOFF = { baseMs: 500, maxMs: 15_000 };

/** Does what Lambda's event source mapping does on AWS: hands dead letters to their handler, and forgets what was handled. */
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
      logger.warn('Dead letters could not be handled; trying again.', { model, reason: String(error) });
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
    // Held deliveries are renewed for as long as this runs: only what is let go comes back.
    await Promise.all(
      deliveries.map((delivery) =>
        failed.has(delivery) ? delivery.release({ delaySeconds: RETRY_SECONDS }) : delivery.ack(),
      ),
    );
  }
}
