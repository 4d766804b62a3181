import { ModelyardError } from '../errors.ts';
import type { WebhookDeps } from './webhook-records.ts';
import { secretKey } from './webhook-store.ts';

/** The keys with which the webhooks of a user are signed. */
export interface WebhookSecrets {
  /** `whsec_` and base64. */
  readonly secret: string;
  /** The one before. */
  readonly previous?: string;
  /** Until then, signatures with the previous secret are sent too. Unix milliseconds. */
  readonly previousUntil?: number;
}

/** How long a replaced secret signs too. */
const SECRET_OVERLAP_MS = 24 * 3600_000;
const SECRET_BYTES = 32;
const MAX_CHANGES = 10;

/** The secrets of a user, made at the first call. */
export const webhookSecrets = (deps: WebhookDeps, owner: string): Promise<WebhookSecrets> =>
  changeSecrets(deps, owner, (known) => known ?? fresh());

/** Replaces the secret. The one before stays valid for 24 hours; older ones end at once. */
export const rotateWebhookSecret = (deps: WebhookDeps, owner: string): Promise<WebhookSecrets> =>
  changeSecrets(deps, owner, (known, now) =>
    known ? { ...fresh(), previous: known.secret, previousUntil: now + SECRET_OVERLAP_MS } : fresh(),
  );

/** Secrets that sign at this time, the newest first. */
export const validSecrets = (
  { secret, previous, previousUntil = 0 }: WebhookSecrets,
  now: number,
): readonly string[] => (previous !== undefined && now < previousUntil ? [secret, previous] : [secret]);

async function changeSecrets(
  { webhooks, clock }: WebhookDeps,
  owner: string,
  change: (known: WebhookSecrets | undefined, now: number) => WebhookSecrets,
): Promise<WebhookSecrets> {
  for (let tries = 0; tries < MAX_CHANGES; tries++) {
    const stored = await webhooks.get(secretKey(owner));
    // Only this file writes these documents.
    const known = stored && (JSON.parse(stored.document) as WebhookSecrets);
    const secrets = change(known, clock.now());
    if (secrets === known) return secrets;
    const next = { document: JSON.stringify(secrets), version: (stored?.version ?? 0) + 1 };
    if (await webhooks.put(secretKey(owner), next, {})) return secrets;
  }
  throw new ModelyardError('store_unavailable', 'The secret is being changed by others.', { retryable: true });
}

const fresh = (): WebhookSecrets => ({
  secret: `whsec_${Buffer.from(crypto.getRandomValues(new Uint8Array(SECRET_BYTES))).toString('base64')}`,
});
