import { signWebhook } from '#adapters/outbound/sign-webhook.ts';
import { ModelyardError, type Notifier } from '#core';
import { signedHeaders } from '#core/webhooks';
import { ENV, readOptional } from './environment.ts';

/** Signs webhooks with the secrets of users, and sends mail where a server is named. */
export const notifierFrom = (env: NodeJS.ProcessEnv): Notifier => ({
  signatures: (deps, owner, message) => signedHeaders({ ...deps, sign: signWebhook }, owner, message),
  async sendEmail(email) {
    const url = readOptional(env, ENV.smtpUrl);
    if (url === undefined) throw new ModelyardError('bad_gateway', `No mail server is named: set ${ENV.smtpUrl}.`);
    // Loaded by the first mail.
    const { smtpSender } = await import('#adapters/outbound/send-email.ts');
    await smtpSender(url, readOptional(env, ENV.smtpFrom) ?? 'modelyard@localhost')(email);
  },
});
