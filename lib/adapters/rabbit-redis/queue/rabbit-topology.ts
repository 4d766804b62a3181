import type { Channel } from 'rabbitmq-client';

/** Deliveries of one copy after which the broker itself moves a task to the dead letters: workers give up long before. */
export const MAX_DELIVERIES = 100;

/** Nothing comes after the dead letters: where no limit is set, RabbitMQ 4 drops them after 20 deliveries. */
const UNLIMITED = 1_000_000_000;

/**
 * Delays in seconds. A task waits in the first queue that is not shorter than its delay, under an expiry of its
 * own; it comes late, by at most the difference, when one that has to wait longer stands before it.
 */
const DELAYS = [1, 4, 15, 60, 240, 900] as const;

/** Longer than any lease: a delivery that is held as long as this is held by nobody. Honoured since RabbitMQ 3.12. */
const CONSUMER_TIMEOUT_MS = 7 * 24 * 3600 * 1000;

export interface ModelQueues {
  readonly tasks: string;
  readonly deadLetters: string;
}

/** The queues of a model. */
export const queuesOf = (prefix: string, model: string): ModelQueues => ({
  tasks: `${prefix}.${model}.tasks`,
  deadLetters: `${prefix}.${model}.dead-letters`,
});

/** The queues in which what belongs to `queue` waits for a delay to pass. */
export const delayQueuesOf = (queue: string): readonly string[] => DELAYS.map((delay) => delayQueue(queue, delay));

/** Where to wait for so many seconds before going to `queue`. */
export const delayQueueFor = (queue: string, seconds: number): string =>
  delayQueue(queue, DELAYS.find((delay) => seconds <= delay) ?? 900);

const delayQueue = (queue: string, delay: number): string => `${queue}.after-${delay}s`;

/** Replicated where there is a cluster, and moved between queues without a gap in which a message could be lost. */
const DURABLE = { 'x-queue-type': 'quorum' } as const;
const MOVED_SAFELY = { 'x-dead-letter-strategy': 'at-least-once', 'x-overflow': 'reject-publish' } as const;

/** Creates the queues of a model; what exists stays. Rejects with PRECONDITION_FAILED when one exists with other arguments. */
export async function declareQueues(channel: Channel, { tasks, deadLetters }: ModelQueues): Promise<void> {
  const declare = (queue: string, more: Record<string, unknown>) =>
    channel.queueDeclare({ queue, durable: true, arguments: { ...DURABLE, ...more } });
  await declare(deadLetters, { 'x-consumer-timeout': CONSUMER_TIMEOUT_MS, 'x-delivery-limit': UNLIMITED });
  await declare(tasks, {
    'x-consumer-timeout': CONSUMER_TIMEOUT_MS,
    'x-delivery-limit': MAX_DELIVERIES,
    ...movedTo(deadLetters),
  });
  await declareDelayQueues(channel, tasks);
}

/** Creates the queues in which messages wait before they go to `queue`. */
export async function declareDelayQueues(channel: Channel, queue: string): Promise<void> {
  for (const delay of DELAYS) {
    const args = { ...DURABLE, ...movedTo(queue) };
    await channel.queueDeclare({ queue: delayQueue(queue, delay), durable: true, arguments: args });
  }
}

const movedTo = (queue: string) => ({
  ...MOVED_SAFELY,
  'x-dead-letter-exchange': '',
  'x-dead-letter-routing-key': queue,
});
