import { SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';

/** Amazon SES with the role of this process, for a mail transport. */
export const openSes = () => ({ SES: { sesClient: new SESv2Client(), SendEmailCommand } });
