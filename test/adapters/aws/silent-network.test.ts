import { createHash } from 'node:crypto';
import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { createDynamoDbClient, createSqsClient, taskQueueName } from '#adapters/aws/index.ts';
import { useEmulatedAws } from '#test/support/emulated-aws.ts';
import { openGate } from '#test/support/gate.ts';
import { pseudoRandom } from '#test/support/pseudo-random.ts';
import { askThroughSilences } from '#test/torture/links/silent-links.ts';

const ROWS = 100;
/** Longer than a request may take, which is 5 seconds, so that requests are given up and sent again. */
const SILENCE_MS = [5_200, 6_000] as const;
const SEED = 7;
const md5 = (text: string) => createHash('md5').update(text).digest('hex');

describe('AWS clients while the network is silent', { timeout: 120_000 }, () => {
  const aws = useEmulatedAws();

  it('of DynamoDB never take the response to another request', async () => {
    const { emulators, settings } = aws;
    const gate = await openGate(String(emulators.endpoints.dynamodb));
    const direct = createDynamoDbClient(settings);
    const keyOf = (row: string) => ({ kind: { S: 'silence' }, name: { S: row } });
    const TableName = settings.registryTable;
    for (let row = 0; row < ROWS; row++) {
      await direct.send(new PutItemCommand({ TableName, Item: keyOf(String(row)) }));
    }

    let attempts = 1;
    const report = await askThroughSilences({
      gate,
      links: 2,
      silenceMs: SILENCE_MS,
      rounds: 1,
      answers: 500,
      random: pseudoRandom(SEED),
      openLink() {
        const client = createDynamoDbClient({ ...settings, endpoints: { dynamodb: gate.url } });
        return {
          async ask(question) {
            const row = String(Number(question.replace(/\D/g, '')) % ROWS);
            const { Item, $metadata } = await client.send(new GetItemCommand({ TableName, Key: keyOf(row) }));
            attempts = Math.max(attempts, $metadata.attempts ?? 1);
            return Item?.name?.S === row ? question : `row ${Item?.name?.S}`;
          },
          async close() {
            client.destroy();
          },
        };
      },
    });

    expect(report).toMatchObject({ wrong: 0, connectionsAfterClose: 0 });
    expect(report.answers).toBeGreaterThanOrEqual(500);
    expect(attempts).toBeGreaterThan(1);
    await gate.shut();
  });

  it('of SQS never take the response to another request', async () => {
    const { emulators, settings } = aws;
    const gate = await openGate(String(emulators.endpoints.sqs));
    const QueueUrl = taskQueueName(settings.queueUrlPrefix, await aws.newModel());

    let attempts = 1;
    const report = await askThroughSilences({
      gate,
      links: 2,
      silenceMs: SILENCE_MS,
      rounds: 1,
      answers: 500,
      random: pseudoRandom(SEED),
      openLink() {
        const client = createSqsClient({ ...settings, endpoints: { sqs: gate.url } }, 0);
        return {
          async ask(question) {
            const command = new SendMessageCommand({ QueueUrl, MessageBody: question });
            const { MD5OfMessageBody, $metadata } = await client.send(command);
            attempts = Math.max(attempts, $metadata.attempts ?? 1);
            return MD5OfMessageBody === md5(question) ? question : `a message of MD5 ${MD5OfMessageBody}`;
          },
          async close() {
            client.destroy();
          },
        };
      },
    });

    expect(report).toMatchObject({ wrong: 0, connectionsAfterClose: 0 });
    expect(report.answers).toBeGreaterThanOrEqual(500);
    expect(attempts).toBeGreaterThan(1);
    await gate.shut();
  });
});
