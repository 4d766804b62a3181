import { signWebhook } from '#adapters/outbound/sign-webhook.ts';
import { ModelyardError, type Notifier } from '#core';
import { signedHeaders } from '#core/webhooks';
import { ENV, readOptional } from './environment.ts';

/** Instead of the URL of an SMTP server. */
const SES = 'ses:';

/** Signs webhooks with the secrets of users, sends mail where a server is named, and publishes with a role of AWS. */
export function notifierFrom(env: NodeJS.ProcessEnv): Notifier {
  let publisher: Promise<Notifier['publish']> | undefined;
  return {
    signatures: (deps, owner, message) => signedHeaders({ ...deps, sign: signWebhook }, owner, message),
    async sendEmail(email) {
      const url = readOptional(env, ENV.smtpUrl);
      if (url === undefined) throw new ModelyardError('bad_gateway', `No mail server is named: set ${ENV.smtpUrl}.`);
      // Loaded by the first mail.
      const { emailSender } = await import('#adapters/outbound/send-email.ts');
      const server = url === SES ? (await import('#adapters/aws/ses-client.ts')).openSes() : url;
      await emailSender(server, readOptional(env, ENV.smtpFrom) ?? 'modelyard@localhost')(email);
    },
    async publish(notice) {
      // Loaded by the first notice.
      publisher ??= import('#adapters/aws/publish-notice.ts').then(({ noticePublisher }) => noticePublisher());
      await (await publisher)(notice);
    },
  };
}
