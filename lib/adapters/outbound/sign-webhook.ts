import { Webhook } from 'standardwebhooks';
import type { SignedMessage } from '#core';

/** A signature of the Standard Webhooks scheme: `v1,` and base64. `secret`: `whsec_` and base64. */
export const signWebhook = (secret: string, { id, at, body }: SignedMessage): string =>
  new Webhook(secret).sign(id, new Date(at), body);
