import type { buildApp } from 'fauxqs';

type FauxqsApp = ReturnType<typeof buildApp>;

interface ReceivedMessages {
  readonly Messages?: readonly { readonly ReceiptHandle: string }[];
}

/**
 * Releases messages that the emulator delivered to a receiver that died during its poll. SQS does not do that; here
 * they would be hidden for a whole lease.
 */
export function giveBackUndelivered(app: FauxqsApp): void {
  app.addHook('onSend', async (request, _reply, payload) => {
    const isReceive = request.headers['x-amz-target'] === 'AmazonSQS.ReceiveMessage';
    if (!isReceive || request.raw.socket.writable || typeof payload !== 'string') return payload;
    const { Messages = [] } = JSON.parse(payload) as ReceivedMessages;
    const { QueueUrl } = request.body as { readonly QueueUrl: string };
    if (Messages.length === 0) return payload;
    await app.inject({
      method: 'POST',
      url: '/',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': 'AmazonSQS.ChangeMessageVisibilityBatch',
      },
      payload: JSON.stringify({
        QueueUrl,
        Entries: Messages.map(({ ReceiptHandle }, index) => ({
          Id: String(index),
          ReceiptHandle,
          VisibilityTimeout: 0,
        })),
      }),
    });
    return payload;
  });
}
