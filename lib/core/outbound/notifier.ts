import type { WebhookDeps } from '../webhooks/webhook-records.ts';
import type { SignedMessage } from '../webhooks/webhook-signature.ts';
import type { Email } from './outbound.ts';

/** A message to a topic of Amazon SNS. */
export interface Notice {
  /** The same in every attempt. */
  readonly id: string;
  /** Its ARN. */
  readonly topic: string;
  readonly subject: string;
  readonly body: string;
}

/** Sends alerts to people. */
export interface Notifier {
  /** The headers of a webhook that a user signs. */
  signatures(deps: WebhookDeps, owner: string, message: SignedMessage): Promise<Readonly<Record<string, string>>>;
  /** Rejects with `bad_gateway` when the mail was not sent. */
  sendEmail(email: Email): Promise<void>;
  /** Rejects with `bad_gateway` when the topic did not take it. */
  publish(notice: Notice): Promise<void>;
}
