import type { Context, SQSRecord } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { readDeadLetterRecord } from '#adapters/aws/index.ts';
import { submitTask, unavailable } from '#core';
import { createHandler } from '#lambdas/give-up-task/handler.ts';
import { ModelBRequest } from '#proto/models/model_b.ts';
import { CONTRACT } from '#test/support/model-b.ts';
import { createTestApi, replacing, stored, type TestApi } from './api-harness.ts';

/** A dead letter as Lambda gets it from SQS. */
const record = (messageId: string, body: string, attributes: Readonly<Record<string, string>> = {}): SQSRecord =>
  ({
    messageId,
    body,
    eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:modelyard-model-b-dead-letters',
    attributes: { ApproximateReceiveCount: '1' },
    messageAttributes: Object.fromEntries(
      Object.entries(attributes).map(([name, stringValue]) => [name, { stringValue, dataType: 'String' }]),
    ),
  }) as unknown as SQSRecord;

/** A task that is queued, and the body of its message. */
async function queued({ platform }: TestApi): Promise<{ readonly id: string; readonly body: string }> {
  const request = ModelBRequest.encode({ value: 7 });
  const command = { owner: 'local', model: 'model_b', contract: CONTRACT, request, limits: { timeoutSeconds: 60 } };
  const { id } = await submitTask(platform, command);
  const { signal } = new AbortController();
  const [delivery] = await platform.queues('model_b').consume({ leaseSeconds: 30, signal }).receive(1);
  return { id, body: Buffer.from(delivery?.body ?? []).toString('base64') };
}

const giveUp = (api: TestApi, ...Records: SQSRecord[]) =>
  createHandler(readDeadLetterRecord)(api)({ Records }, {} as Context);

describe('a dead letter', () => {
  it('ends its task with the reason it was given up for, and keeps its request', async () => {
    const api = createTestApi();
    const { id, body } = await queued(api);

    const response = await giveUp(
      api,
      record('m1', body, { Attempts: '3', ReasonCode: 'timeout', ReasonMessage: 'The run took too long.' }),
    );

    expect(response).toEqual({ batchItemFailures: [] });
    expect(await stored(api, id)).toMatchObject({
      state: 'failed',
      attempts: 3,
      error: { code: 'timeout', message: 'The run took too long.' },
      deadLetter: Buffer.from(body, 'base64'),
    });
    expect(api.counted).toEqual(['DeadLetters applied']);
  });

  it('ends the task of a message that the broker moved by itself', async () => {
    const api = createTestApi();
    const { id, body } = await queued(api);

    await giveUp(api, record('m1', body));

    expect((await stored(api, id)).error?.code).toBe('attempts_exhausted');
  });

  it('changes nothing when it comes twice', async () => {
    const api = createTestApi();
    const { id, body } = await queued(api);
    await giveUp(api, record('m1', body));
    const before = await stored(api, id);

    const response = await giveUp(api, record('m1', body, { ReasonCode: 'other' }));

    expect(response).toEqual({ batchItemFailures: [] });
    expect(await stored(api, id)).toEqual(before);
  });

  it.each([
    ['base64', Buffer.from([0xff, 0xff]).toString('base64'), Buffer.from([0xff, 0xff])],
    ['text', 'not a task at all', Buffer.from('not a task at all')],
  ])('that is no task is kept as it came: %s', async (_, body, bytes) => {
    const kept = new Map<string, Uint8Array>();
    const api = createTestApi({
      broken: ({ blobs }) => ({
        blobs: replacing(blobs, { put: async (key, value) => void kept.set(key, value) }),
      }),
    });

    const response = await giveUp(api, record('m1', body));

    expect(response).toEqual({ batchItemFailures: [] });
    expect([...kept.keys()]).toEqual([expect.stringMatching(/^dead-letters\/[\w-]+\/[0-9a-f]{64}$/)]);
    expect([...kept.values()]).toEqual([bytes]);
    expect(api.counted).toEqual(['DeadLetters unreadable']);
  });

  it('that cannot be dealt with comes again alone', async () => {
    const away = unavailable('store_unavailable', 'The store is away.', undefined);
    const api = createTestApi({
      broken: ({ blobs }) => ({ blobs: replacing(blobs, { put: () => Promise.reject(away) }) }),
    });
    const { id, body } = await queued(api);

    const response = await giveUp(api, record('bad', 'not a task'), record('good', body));

    expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: 'bad' }] });
    expect((await stored(api, id)).state).toBe('failed');
  });
});
