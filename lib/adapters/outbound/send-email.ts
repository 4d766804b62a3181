import { createTransport } from 'nodemailer';
import type SESTransport from 'nodemailer/lib/ses-transport/index.js';
import { type Email, ModelyardError } from '#core';

const TIMEOUT_MS = 15_000;

/** The URL of an SMTP server (`smtps://user:password@host:465`), or a client of Amazon SES. */
export type MailServer = string | Pick<SESTransport.Options, 'SES'>;

/** Sends mail. Rejects with `bad_gateway`, which may be retried. */
export function emailSender(server: MailServer, from: string): (email: Email) => Promise<void> {
  const transport = typeof server === 'string' ? createTransport(server, { from }) : createTransport(server, { from });
  return async function sendEmail({ id, to, subject, text }) {
    try {
      // The same id in every attempt, so that mail programs show one message.
      await withLimit(transport.sendMail({ messageId: `<${id}@modelyard>`, to, subject, text }));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new ModelyardError('bad_gateway', `The mail was not sent: ${reason}`, { cause, retryable: true });
    }
  };
}

async function withLimit(sending: Promise<unknown>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('The mail server did not answer in time.')), TIMEOUT_MS);
  try {
    await Promise.race([sending, promise]);
  } finally {
    clearTimeout(timer);
  }
}
