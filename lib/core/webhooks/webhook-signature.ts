import type { WebhookDeps } from './webhook-records.ts';
import { validSecrets, webhookSecrets } from './webhook-secrets.ts';

export interface SignedMessage {
  readonly id: string;
  /** Unix milliseconds. */
  readonly at: number;
  readonly body: string;
}

/** A signature of the Standard Webhooks scheme, for example `v1,…`. */
export type Sign = (secret: string, message: SignedMessage) => string;

/** The headers of a signed message of this user, with one signature per valid secret. */
export async function signedHeaders(
  deps: WebhookDeps & { readonly sign: Sign },
  owner: string,
  message: SignedMessage,
): Promise<Readonly<Record<string, string>>> {
  const secrets = validSecrets(await webhookSecrets(deps, owner), message.at);
  return {
    'content-type': 'application/json',
    'user-agent': 'Modelyard-Webhooks/1',
    'webhook-id': message.id,
    'webhook-timestamp': String(Math.floor(message.at / 1000)),
    'webhook-signature': secrets.map((secret) => deps.sign(secret, message)).join(' '),
  };
}
