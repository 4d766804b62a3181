import type { WebhookDelivery, WebhookSecrets } from '#core';

/** An event and its delivery in the HTTP API. Fields that do not apply are null. */
export interface DeliveryBody {
  readonly id: string;
  readonly event: string;
  readonly url: string;
  readonly state: WebhookDelivery['state'];
  readonly created_at: string;
  readonly next_attempt_at: string | null;
  readonly attempts: readonly {
    readonly at: string;
    readonly duration_ms: number;
    readonly status: number | null;
    readonly error: string | null;
  }[];
}

export const presentDelivery = (delivery: WebhookDelivery, url: string): DeliveryBody => ({
  id: delivery.id,
  event: delivery.event,
  url,
  state: delivery.state,
  created_at: timestamp(delivery.createdAt),
  next_attempt_at: delivery.nextAttemptAt === undefined ? null : timestamp(delivery.nextAttemptAt),
  attempts: delivery.attempts.map(({ at, durationMs, status, error }) => ({
    ...{ at: timestamp(at), duration_ms: durationMs },
    ...{ status: status ?? null, error: error ?? null },
  })),
});

export interface WebhookSecretBody {
  readonly secret: string;
  /** Until then, the secret before signs too. Null if there is none. */
  readonly previous_valid_until: string | null;
}

export const presentSecret = ({ secret, previousUntil = 0 }: WebhookSecrets, now: number): WebhookSecretBody => ({
  secret,
  previous_valid_until: previousUntil > now ? timestamp(previousUntil) : null,
});

const timestamp = (unixMs: number): string => new Date(unixMs).toISOString();
