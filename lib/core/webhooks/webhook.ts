import type { TerminalState } from '../tasks/task.ts';

export const WEBHOOK_EVENTS = ['task.succeeded', 'task.failed', 'task.canceled', 'task.expired'] as const;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

const eventOf = (state: TerminalState): WebhookEvent => `task.${state}`;

/** The receiver of events, as named by a submit. */
export interface Webhook {
  readonly url: string;
  /** Names of events. @default all */
  readonly events?: readonly string[];
}

/** One request to the receiver. */
export interface WebhookAttempt {
  readonly at: number;
  readonly durationMs: number;
  /** Absent without an answer. */
  readonly status?: number;
  /** Absent after a success. */
  readonly error?: string;
}

type DeliveryState = 'pending' | 'delivered' | 'failed';

/** One event and its delivery. Times are Unix milliseconds. */
export interface WebhookDelivery {
  /** Identifies the event: the same in every attempt. */
  readonly id: string;
  readonly event: WebhookEvent;
  /** The round of the task that has ended: see `Task.round`. */
  readonly round: number;
  readonly createdAt: number;
  readonly state: DeliveryState;
  /** Since its creation, or since it was sent again by hand. */
  readonly failures: number;
  /** Of a pending delivery. */
  readonly nextAttemptAt?: number;
  /** The newest `MAX_ATTEMPTS_KEPT`, oldest first. */
  readonly attempts: readonly WebhookAttempt[];
  /** The task as it ended, for an event of a task that was retried since. */
  readonly snapshot?: string;
}

const MAX_ATTEMPTS_KEPT = 15;
/** Of one task. Then the oldest that is not pending is forgotten. */
export const MAX_DELIVERIES = 40;

/** The webhook of one task with its deliveries, in the order of their events. */
export interface WebhookRecord {
  readonly taskId: string;
  readonly owner: string;
  readonly url: string;
  readonly events?: readonly WebhookEvent[];
  /** When the round that is watched began. */
  readonly watchedAt: number;
  /** The round of the task that is watched. @default 0 */
  readonly round?: number;
  readonly expiresAt: number;
  /** When a sender has to act. Absent: there is nothing to do. */
  readonly dueAt?: number;
  readonly deliveries: readonly WebhookDelivery[];
}

/** Delays after each failure (Standard Webhooks): ten attempts in three days. */
const DELAYS_MS = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400].map((seconds) => seconds * 1000);
/** Receivers that failed together are not called together again. */
const JITTER = 0.1;
/** The receiver wants no more. */
const GONE = 410;

/** Adds the end of a round, unless it is known or nobody wants to be told. */
export function withEnd(
  record: WebhookRecord,
  end: { readonly round: number; readonly state: TerminalState; readonly snapshot?: string },
  now: number,
): WebhookRecord {
  const event = eventOf(end.state);
  const isKnown = record.deliveries.some(({ round }) => round >= end.round);
  if (isKnown || (record.events && !record.events.includes(event))) return record;
  const delivery: WebhookDelivery = {
    ...{ id: `msg_${record.taskId}_${end.round}`, event, round: end.round, createdAt: now },
    ...{ state: 'pending', failures: 0, nextAttemptAt: now, attempts: [] },
    ...(end.snapshot === undefined ? {} : { snapshot: end.snapshot }),
  };
  const forgotten =
    record.deliveries.length < MAX_DELIVERIES ? undefined : record.deliveries.find(({ state }) => state !== 'pending');
  const kept = record.deliveries.filter((known) => known !== forgotten);
  return { ...record, deliveries: [...kept, delivery], dueAt: now };
}

/** No further end can be kept, because a delivery would be lost. */
export const isFull = ({ deliveries }: WebhookRecord): boolean =>
  deliveries.filter(({ state }) => state === 'pending').length >= MAX_DELIVERIES;

/** Earlier events first: an event waits until the ones before it were delivered or given up. */
export const nextDelivery = ({ deliveries }: WebhookRecord): WebhookDelivery | undefined =>
  deliveries.find(({ state }) => state === 'pending');

const isSuccess = ({ status = 0, error }: WebhookAttempt): boolean =>
  error === undefined && status >= 200 && status < 300;

/** The delivery after an attempt. `retryAfterMs`: the shortest pause that the receiver asks for. */
export function afterAttempt(
  delivery: WebhookDelivery,
  attempt: WebhookAttempt,
  { random, retryAfterMs = 0 }: { readonly random: () => number; readonly retryAfterMs?: number },
): WebhookDelivery {
  const { nextAttemptAt: _, ...rest } = delivery;
  const attempts = [...delivery.attempts, attempt].slice(-MAX_ATTEMPTS_KEPT);
  if (isSuccess(attempt)) return { ...rest, attempts, state: 'delivered' };
  const failures = delivery.failures + 1;
  const next = afterFailure(delivery.failures, attempt, random);
  if (next === undefined) return { ...rest, attempts, failures, state: 'failed' };
  return { ...rest, attempts, failures, nextAttemptAt: Math.max(next, attempt.at + attempt.durationMs + retryAfterMs) };
}

/** When to try again after an attempt that failed. Undefined: never. `failures`: before this attempt. */
export function afterFailure(
  failures: number,
  { at, durationMs, status }: WebhookAttempt,
  random: () => number = Math.random,
): number | undefined {
  const delayMs = DELAYS_MS[failures];
  if (delayMs === undefined || status === GONE) return undefined;
  return Math.ceil(at + durationMs + delayMs * (1 + JITTER * random()));
}

/** The delivery as if it had never been tried, with its log. */
export const sentAgain = (delivery: WebhookDelivery, now: number): WebhookDelivery => ({
  ...delivery,
  ...{ state: 'pending', failures: 0, nextAttemptAt: now },
});

export const withDelivery = (record: WebhookRecord, changed: WebhookDelivery): WebhookRecord => ({
  ...record,
  deliveries: record.deliveries.map((delivery) => (delivery.id === changed.id ? changed : delivery)),
});
