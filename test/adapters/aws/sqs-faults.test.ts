import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { createSqsClient, SqsTaskQueue, TASK_QUEUE, taskQueueName } from '#adapters/aws/index.ts';
import { PRIORITIES, type TaskQueue } from '#core';
import { systemClock } from '#platform/platform.ts';
import { aborted, consume, message, sendMany } from '#test/contracts/task-queue/support.ts';
import { type AwsShim, type ShimmedCall, type ShimRule, startAwsShim } from '#test/support/aws-shim.ts';
import { useEmulatedAws } from '#test/support/emulated-aws.ts';

const aws = useEmulatedAws();
const shims: AwsShim[] = [];

afterEach(async () => {
  await Promise.all(shims.splice(0).map((shim) => shim.close()));
});

interface Entry {
  readonly Id: string;
  readonly ReceiptHandle: string;
}

const entriesOf = ({ input }: ShimmedCall) => input.Entries as readonly Entry[];

/** A queue whose answers a test can replace. */
async function queueBehind(rule: ShimRule) {
  const shim = await startAwsShim(aws.emulators.endpoints.sqs, rule);
  shims.push(shim);
  const model = await aws.newModel();
  const endpoints = { ...aws.settings.endpoints, sqs: shim.url };
  return { queue: aws.open({ endpoints }).queues(model), model };
}

const failing = (calls: ShimmedCall, entry: { readonly SenderFault: boolean; readonly Code: string }) => ({
  output: {
    Successful: [],
    Failed: entriesOf(calls).map(({ Id }) => ({ Id, Message: 'not this time', ...entry })),
  },
});

describe('SQS when it takes only part of a batch', () => {
  it('gets the acknowledgements again that it could not take', async (test) => {
    const batches: number[] = [];
    const { queue } = await queueBehind(async (call) => {
      if (call.operation !== 'DeleteMessageBatch') return undefined;
      batches.push(entriesOf(call).length);
      const [first, ...others] = entriesOf(call);
      if (first === undefined || batches.length > 1) return undefined;
      const Failed = [{ Id: first.Id, SenderFault: false, Code: 'InternalError', Message: 'not this time' }];
      return { output: { Successful: others.map(({ Id }) => ({ Id })), Failed } };
    });
    await sendMany(queue, 3);
    const deliveries = await consume(test, queue, { leaseSeconds: 30 }).take(3);

    await Promise.all(deliveries.map((delivery) => delivery.ack()));

    expect(batches).toEqual([3, 1]);
  });

  it('makes an acknowledgement fail that it refuses for good, and no other', async (test) => {
    const { queue } = await queueBehind(async (call) => {
      if (call.operation !== 'DeleteMessageBatch') return undefined;
      const [first, ...others] = entriesOf(call);
      const Failed = [{ Id: first?.Id, SenderFault: true, Code: 'AccessDenied', Message: 'no' }];
      return { output: { Successful: others.map(({ Id }) => ({ Id })), Failed } };
    });
    await sendMany(queue, 3);
    const deliveries = await consume(test, queue, { leaseSeconds: 30 }).take(3);

    const settled = await Promise.allSettled(deliveries.map((delivery) => delivery.ack()));

    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(settled[0]).toMatchObject({ reason: { code: 'queue_unavailable' } });
  });

  it('does not mind an acknowledgement for a lease that was just lost', async (test) => {
    const { queue } = await queueBehind(async (call) =>
      call.operation === 'DeleteMessageBatch'
        ? failing(call, { SenderFault: true, Code: 'ReceiptHandleIsInvalid' })
        : undefined,
    );
    await queue.send(message(1));

    await (await consume(test, queue, { leaseSeconds: 30 }).next()).ack();
  });

  it('takes the lease away by refusing its renewal', async (test) => {
    const { queue } = await queueBehind(async (call) =>
      call.operation === 'ChangeMessageVisibilityBatch'
        ? failing(call, { SenderFault: true, Code: 'ReceiptHandleIsInvalid' })
        : undefined,
    );
    await sendMany(queue, 2);
    const held = await consume(test, queue, { leaseSeconds: 3 }).take(2);

    await Promise.all(held.map(({ lease }) => aborted(lease)));
  });

  it('keeps a lease whose renewal failed once', async (test) => {
    let renewals = 0;
    const { queue } = await queueBehind(async (call) => {
      if (call.operation !== 'ChangeMessageVisibilityBatch') return undefined;
      renewals += 1;
      return renewals === 1 ? failing(call, { SenderFault: false, Code: 'InternalError' }) : undefined;
    });
    await queue.send(message(1));
    const held = await consume(test, queue, { leaseSeconds: 2 }).next();

    await expect.poll(() => renewals, { timeout: 10_000 }).toBeGreaterThan(4);

    expect(held.lease.aborted).toBe(false);
  });
});

describe('a message on its way through SQS', () => {
  const sent: ShimmedCall[] = [];
  const recorded = async (call: ShimmedCall) => {
    if (call.operation === 'SendMessage') sent.push(call);
    return undefined;
  };

  it.each([
    ['somebody@example.org', 'somebody@example.org'],
    ['Ζωή', expect.stringMatching(/^[0-9a-f]{64}$/)],
    ['x'.repeat(129), expect.stringMatching(/^[0-9a-f]{64}$/)],
  ])('belongs to the group of its owner %s', async (group, expected) => {
    const { queue } = await queueBehind(recorded);

    await queue.send({ body: Uint8Array.of(1), group });

    expect(sent.at(-1)?.input.MessageGroupId).toEqual(expected);
  });

  it('belongs to the flow of its owner and priority, alone and in a batch', async () => {
    const groups: unknown[] = [];
    const { queue } = await queueBehind(async ({ operation, input }) => {
      if (operation === 'SendMessage') groups.push(input.MessageGroupId);
      const entries = (input.Entries ?? []) as readonly { readonly MessageGroupId?: string }[];
      if (operation === 'SendMessageBatch') groups.push(...entries.map(({ MessageGroupId }) => MessageGroupId));
      return undefined;
    });
    const messages = ([undefined, ...PRIORITIES] as const).flatMap((priority) =>
      ['anna', 'ben'].map((group, i) => ({ body: Uint8Array.of(i), group, ...(priority ? { priority } : {}) })),
    );

    for (const message of messages) await queue.send(message);
    const alone = groups.splice(0);
    await queue.sendMany?.(messages);

    expect(groups).toEqual(alone);
    // Normal is the default.
    expect([alone.slice(0, 2), new Set(alone).size]).toEqual([['anna', 'ben'], 2 * PRIORITIES.length]);
  });

  it('stays in its group when it is released or rejected', async (test) => {
    const { queue } = await queueBehind(async (call) => {
      await recorded(call);
      // The emulator does not give the group back, as SQS does.
      const messages = call.operation === 'ReceiveMessage' ? (call.output.Messages as object[] | undefined) : undefined;
      const Messages = messages?.map((one) => ({ ...one, Attributes: { MessageGroupId: 'somebody' } }));
      return Messages && { output: { Messages } };
    });
    await sendMany(queue, 2);
    const [released, rejected] = await consume(test, queue).take(2);
    sent.length = 0;

    await released?.release();
    await rejected?.reject({ code: 'poison', message: 'Not an envelope.' }, 0);

    expect(sent.map(({ input }) => input.MessageGroupId)).toEqual(['somebody', 'somebody']);
  });

  it('is moved by the broker itself after very many receives, and then has no reason', async (test) => {
    const model = await aws.newModel();
    const queue: TaskQueue = aws.open().queues(model);
    await queue.send(message(1));
    const client = createSqsClient(aws.settings, 0);
    const QueueUrl = taskQueueName(aws.settings.queueUrlPrefix, model);
    for (let receive = 1; receive <= TASK_QUEUE.maxReceives; receive++) {
      await client.send(new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout: 0 }));
    }
    client.destroy();

    expect(await consume(test, queue).receive(1)).toEqual([]);
    const dead = await consume(test, queue, { source: 'dead-letters' }).next();

    expect(dead.reason).toBeUndefined();
    expect(dead).toMatchObject({ fence: 100, attempts: 0 });
  });
});

describe('a receiver that waits at SQS', () => {
  /** A receive that SQS answers only when the test is over, as a long poll of an empty queue. */
  async function waitingReceiver() {
    const asked = Promise.withResolvers<void>();
    const over = Promise.withResolvers<undefined>();
    onTestFinished(() => over.resolve(undefined));
    const shim = await startAwsShim(aws.emulators.endpoints.sqs, async ({ operation }) => {
      if (operation !== 'ReceiveMessage') return undefined;
      asked.resolve();
      return over.promise;
    });
    shims.push(shim);
    const client = createSqsClient({ ...aws.settings, endpoints: { sqs: shim.url } }, 20);
    onTestFinished(() => client.destroy());
    const { queueUrlPrefix } = aws.settings;
    const model = await aws.newModel();
    const queue = new SqsTaskQueue({
      ...{ client, clock: systemClock, queueUrlPrefix, model, pollSeconds: 0 },
      abortsPolls: true,
    });
    const stop = new AbortController();
    const consumer = queue.consume({ leaseSeconds: 30, signal: stop.signal });
    const receiving = consumer.receive(10);
    await asked.promise;
    return { stop, consumer, receiving };
  }

  it('ends at once when it is told to stop', async () => {
    const { stop, consumer, receiving } = await waitingReceiver();

    stop.abort();

    // Without the abort, both would wait until the test is over.
    expect(await receiving).toEqual([]);
    await consumer.close();
  });
});

describe('a queue that does not exist', () => {
  it('is unavailable, and may come yet', async () => {
    const queue = aws.open().queues('nobody');

    await expect(queue.send(message(1))).rejects.toMatchObject({ code: 'queue_unavailable', retryable: true });
    await expect(queue.depth()).rejects.toMatchObject({ code: 'queue_unavailable', retryable: true });
  });
});
