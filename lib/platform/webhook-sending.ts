import { signWebhook } from '#adapters/outbound/sign-webhook.ts';
import { outboundFrom } from './outbound.ts';

/** What senders of webhooks need of this process. */
export const webhookSending = (env: NodeJS.ProcessEnv) => ({ outbound: outboundFrom(env), sign: signWebhook });
