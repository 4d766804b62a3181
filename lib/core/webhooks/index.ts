// Apart from the index of the core, as `#core/outbound` is.
export { type SendDeps, sendWebhook, WEBHOOK_TIMEOUT_MS } from './send-webhook.ts';
export {
  afterFailure,
  WEBHOOK_EVENTS,
  type Webhook,
  type WebhookAttempt,
  type WebhookDelivery,
  type WebhookEvent,
  type WebhookRecord,
} from './webhook.ts';
export { keepEnd, readWebhook, redeliverWebhook } from './webhook-records.ts';
export { rotateWebhookSecret, type WebhookSecrets, webhookSecrets } from './webhook-secrets.ts';
export { type SignedMessage, signedHeaders } from './webhook-signature.ts';
export { secretKey, webhookKey } from './webhook-store.ts';
