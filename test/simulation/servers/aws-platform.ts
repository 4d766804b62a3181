import { type DynamoDBClient, GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { sendMany } from '#adapters/aws/queue/send-many.ts';
import { SqsTaskConsumer } from '#adapters/aws/queue/sqs-task-consumer.ts';
import { SqsTaskQueue } from '#adapters/aws/queue/sqs-task-queue.ts';
import { deadLetterQueueName, TASK_QUEUE, taskQueueName } from '#adapters/aws/resources.ts';
import { CANCEL_MARK_PREFIX } from '#adapters/aws/tasks/dynamo-cancel-marks.ts';
import { PLACES_PREFIX } from '#adapters/aws/tasks/dynamo-places.ts';
import { DynamoTaskStore } from '#adapters/aws/tasks/dynamo-task-store.ts';
import { fromItem } from '#adapters/aws/tasks/task-item.ts';
import type { ConsumeOptions, TaskConsumer, TaskQueue } from '#core';
import type { Actor } from '../engine/engine.ts';
import { taskOf } from '../world/requests.ts';
import { MODEL } from '../world/sim-model.ts';
import type { World } from '../world/world.ts';
import type { SimPlatform } from './ports.ts';
import { SimDynamo } from './sim-dynamo.ts';
import { SimSqs } from './sim-sqs.ts';
import { simBlobs } from './sim-store.ts';

// Their first calls load them, which takes turns of the real event loop.
for (const late of ['task-heads', 'task-listing']) {
  await import(new URL(`../../../lib/adapters/aws/tasks/${late}.ts`, import.meta.url).href);
}

const PREFIX = 'https://sqs/';
const POLL_SECONDS = 20;
/** Of rows that are no tasks. */
const OTHER_ROWS = ['batch/', CANCEL_MARK_PREFIX, PLACES_PREFIX];

/** The adapters for AWS, in each process, before a simulated SQS and DynamoDB. */
export function awsPlatform(world: World): SimPlatform {
  const sqs = new SimSqs(world, TASK_QUEUE.maxReceives);
  const dynamo = new SimDynamo(world, (id, item) => {
    if (OTHER_ROWS.some((prefix) => id.startsWith(prefix))) return;
    world.oracle.stored(id, item.withdrawnAt === undefined ? fromItem(item) : undefined);
  });
  const blobs = simBlobs(world);
  return {
    connect(actor) {
      const clock = world.storeClock(actor);
      const client = clientOf(world, actor, 'queue', (command) => sqs.execute(command)) as unknown as SQSClient;
      const table = clientOf(world, actor, 'store', (command) => dynamo.execute(command)) as unknown as DynamoDBClient;
      const queue = queueOf(
        new SqsTaskQueue({
          client,
          clock,
          queueUrlPrefix: PREFIX,
          model: MODEL,
          pollSeconds: POLL_SECONDS,
          abortsPolls: false,
        }),
        (messages) => sendMany(client, taskQueueName(PREFIX, MODEL), messages),
        (options) =>
          new SqsTaskConsumer({
            client,
            clock,
            queueUrl:
              options.source === 'dead-letters' ? deadLetterQueueName(PREFIX, MODEL) : taskQueueName(PREFIX, MODEL),
            deadLetterQueueUrl: deadLetterQueueName(PREFIX, MODEL),
            pollSeconds: POLL_SECONDS,
            abortsPolls: false,
            source: 'tasks',
            ...options,
          }),
      );
      return {
        queues: () => queue,
        tasks: new DynamoTaskStore({ client: table, table: 'tasks', clock }),
        blobs: blobs(actor),
        clock,
      };
    },
    get hasMessages() {
      return sqs.hasMessages;
    },
  };
}

/**
 * The queue with a consumer and a sender of batches that are made at once: the real ones are loaded by their first call,
 * which takes turns of the real event loop.
 */
const queueOf = (
  queue: TaskQueue,
  sendMany: NonNullable<TaskQueue['sendMany']>,
  consume: (options: ConsumeOptions) => TaskConsumer,
): TaskQueue => ({
  send: (message) => queue.send(message),
  sendMany,
  depth: () => queue.depth(),
  consume,
});

type SdkCommand = { readonly input: unknown } & object;

const clientOf = (world: World, actor: Actor, server: 'queue' | 'store', execute: (command: unknown) => object) => {
  const call = world.caller(actor, server, sdkFailure);
  const send = (command: SdkCommand) =>
    call<object>(nameOf(command), () => execute(command), {
      about: subjectOf(world, command),
      describe: () => world.describe.command(command),
      show: (answer) => world.describe.answer(answer),
    });
  return { send };
};

/** The task that a command is about; undefined where it is about many, or about none. */
function subjectOf(world: World, command: SdkCommand): string | undefined {
  if (command instanceof PutItemCommand) {
    const { id, requestHash } = command.input.Item ?? {};
    world.introduce(id?.S ?? '', requestHash?.S ?? '');
    return id?.S;
  }
  if (command instanceof GetItemCommand || command instanceof UpdateItemCommand) return command.input.Key?.id?.S;
  if (!(command instanceof SendMessageCommand)) return undefined;
  return taskOf(Buffer.from(command.input.MessageBody ?? '', 'base64'));
}

const nameOf = (command: SdkCommand): string => command.constructor.name.replace(/Command$/, '');

/** As the SDK fails when it gets no answer. */
const sdkFailure = (why: string): Error => Object.assign(new Error(why), { name: 'TimeoutError', $fault: 'server' });
