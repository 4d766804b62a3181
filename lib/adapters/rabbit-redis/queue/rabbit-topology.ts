import type { Channel } from 'rabbitmq-client';
import { TURN_COST } from '#core';

/** Deliveries of one copy after which the broker moves it to the dead-letter queue. Workers give up much earlier. */
export const MAX_DELIVERIES = 100;

/** For the dead-letter queue: without a limit, RabbitMQ 4 drops messages after 20 deliveries. */
const UNLIMITED = 1_000_000_000;

/**
 * Delays of the delay queues, in seconds. A task waits in the first queue whose delay is not shorter than its own, with
 * its own expiry. A message with a longer expiry in front of it makes it late, at most by the difference.
 */
const DELAYS = [1, 4, 15, 60, 240, 900] as const;

/** Longer than any lease. Effective since RabbitMQ 3.12. */
const CONSUMER_TIMEOUT_MS = 7 * 24 * 3600 * 1000;

/**
 * The lanes of a task queue, each a queue of its own. `turnsAhead`: how far ahead of the received messages a message of
 * the lane may be, in turns of normal priority; 0: any number. So the backlogs of several owners leave the last lanes
 * free for single tasks.
 */
export const LANES = [
  { suffix: '', turnsAhead: 0 },
  { suffix: '.lane-1', turnsAhead: 0 },
  { suffix: '.lane-2', turnsAhead: 64 },
  { suffix: '.lane-3', turnsAhead: 2 },
] as const;

export interface ModelQueues {
  /** The first lane. */
  readonly tasks: string;
  readonly deadLetters: string;
}

/** The queues of all lanes. */
export const lanesOf = ({ tasks }: Pick<ModelQueues, 'tasks'>): readonly string[] =>
  LANES.map(({ suffix }) => `${tasks}${suffix}`);

/**
 * The lane for a message that goes back although its turn is near: `ahead` of the received ones. At the tail of its own
 * lane, a backlog would come before it, and after that, its low turn would hold up the other lanes. Undefined for a turn
 * that is far ahead.
 */
export function nearLaneOf(queues: ModelQueues, ahead: number): string | undefined {
  const near = LANES.findLastIndex(({ turnsAhead }) => ahead <= turnsAhead * TURN_COST.normal);
  return lanesOf(queues)[near];
}

export const queuesOf = (prefix: string, model: string): ModelQueues => ({
  tasks: `${prefix}.${model}.tasks`,
  deadLetters: `${prefix}.${model}.dead-letters`,
});

/** The delay queues of `queue`. */
export const delayQueuesOf = (queue: string): readonly string[] => DELAYS.map((delay) => delayQueue(queue, delay));

/** The delay queue for a delay before `queue`. */
export const delayQueueFor = (queue: string, seconds: number): string =>
  delayQueue(queue, DELAYS.find((delay) => seconds <= delay) ?? 900);

const delayQueue = (queue: string, delay: number): string => `${queue}.after-${delay}s`;

/** Replicated in a cluster. Dead-lettering between quorum queues loses no message. */
const DURABLE = { 'x-queue-type': 'quorum' } as const;
const MOVED_SAFELY = { 'x-dead-letter-strategy': 'at-least-once', 'x-overflow': 'reject-publish' } as const;

/** Declares the queues of a model. Rejects with PRECONDITION_FAILED if a queue exists with other arguments. */
export async function declareQueues(channel: Channel, queues: ModelQueues): Promise<void> {
  const { tasks, deadLetters } = queues;
  const declare = (queue: string, more: Record<string, unknown>) =>
    channel.queueDeclare({ queue, durable: true, arguments: { ...DURABLE, ...more } });
  await declare(deadLetters, { 'x-consumer-timeout': CONSUMER_TIMEOUT_MS, 'x-delivery-limit': UNLIMITED });
  for (const lane of lanesOf(queues)) {
    await declare(lane, {
      'x-consumer-timeout': CONSUMER_TIMEOUT_MS,
      'x-delivery-limit': MAX_DELIVERIES,
      ...movedTo(deadLetters),
    });
  }
  await declareDelayQueues(channel, tasks);
}

/** Declares the delay queues of `queue`. */
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
