import type { WebhookDeps } from '../webhooks/webhook-records.ts';
import type { SignedMessage } from '../webhooks/webhook-signature.ts';
import type { Email } from './outbound.ts';

/** How alerts reach people. */
export interface Notifier {
  /** The headers of a webhook that a user signs. */
  signatures(deps: WebhookDeps, owner: string, message: SignedMessage): Promise<Readonly<Record<string, string>>>;
  /** Rejects with `bad_gateway` when the mail was not sent. */
  sendEmail(email: Email): Promise<void>;
}
