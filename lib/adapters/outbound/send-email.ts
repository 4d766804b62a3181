import { createTransport } from 'nodemailer';
import { type Email, ModelyardError } from '#core';

const TIMEOUT_MS = 15_000;

const SES = 'ses:';

/**
 * Sends by SMTP (`smtps://user:password@host:465`), or by Amazon SES (`ses:`) with the role of this process.
 * Rejects with `bad_gateway`, which may be retried.
 */
export async function emailSender(url: string, from: string): Promise<(email: Email) => Promise<void>> {
  const transport = url === SES ? await openSes(from) : createTransport(url, { from });
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

async function openSes(from: string) {
  // Loaded where it is used.
  const { SendEmailCommand, SESv2Client } = await import('@aws-sdk/client-sesv2');
  return createTransport({ SES: { sesClient: new SESv2Client(), SendEmailCommand } }, { from });
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
