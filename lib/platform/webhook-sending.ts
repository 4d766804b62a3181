import { signWebhook } from '#adapters/outbound/sign-webhook.ts';
import { outboundFrom } from './outbound.ts';

/** Dependencies of webhook senders in this process. */
export const webhookSending = (env: NodeJS.ProcessEnv) => ({ outbound: outboundFrom(env), sign: signWebhook });
