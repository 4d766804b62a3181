import { Connection } from 'rabbitmq-client';
import { createClient, RESP_TYPES } from 'redis';
import { DEADLINE_AT } from './data-set.ts';

/** Keys of Redis as the commands that make them, and the messages of RabbitMQ. */
export interface RabbitRedisLeft {
  readonly commands: readonly (readonly (string | Uint8Array)[])[];
  readonly messages: readonly LeftMessage[];
}

interface LeftMessage {
  readonly queue: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly body: Uint8Array;
}

export interface Servers {
  readonly redisUrl: string;
  readonly amqpUrl: string;
}

/** The prefix of all keys and queues. */
export const PREFIX = 'upgrade';

type Part = string | Buffer;

/** Takes the messages out of the queues. */
export async function dumpRabbitRedis(servers: Servers, queues: readonly string[]): Promise<RabbitRedisLeft> {
  const client = await createClient({ url: servers.redisUrl, RESP: 2 }).connect();
  const redis = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  const ask = <Reply>(...args: Part[]) => redis.sendCommand(args) as Promise<Reply>;
  const commands: (readonly (string | Uint8Array)[])[] = [];
  for (const key of (await client.keys(`${PREFIX}*`)).sort()) {
    const type = await client.type(key);
    if (type === 'string') commands.push(['SET', key, plain(await ask<Buffer>('GET', key))]);
    else if (type === 'hash') commands.push(['HSET', key, ...(await ask<Buffer[]>('HGETALL', key)).map(plain)]);
    else if (type === 'zset') {
      const members = (await ask<Buffer[]>('ZRANGE', key, '0', '-1', 'WITHSCORES')).map(plain);
      for (let at = 0; at < members.length; at += 2) {
        commands.push(['ZADD', key, members[at + 1] ?? '', members[at] ?? '']);
      }
    } else throw new Error(`The key ${key} has the type ${type}.`);
    const expiresAt = await ask<number>('PEXPIRETIME', key);
    // Blobs expire some days after the day on which they were written.
    if (expiresAt >= DEADLINE_AT) commands.push(['PEXPIREAT', key, String(expiresAt)]);
  }
  await client.close();
  return { commands, messages: await takeMessages(servers.amqpUrl, queues) };
}

/** Text where it is text. */
const plain = (bytes: Buffer): string | Uint8Array =>
  Buffer.from(bytes.toString()).equals(bytes) ? bytes.toString() : bytes;

async function takeMessages(amqpUrl: string, queues: readonly string[]): Promise<LeftMessage[]> {
  const rabbitmq = new Connection(amqpUrl);
  const messages: LeftMessage[] = [];
  for (const queue of queues) {
    for (;;) {
      const message = await rabbitmq.basicGet({ queue, noAck: true });
      if (!message) break;
      const { body, headers, durable, messageId, expiration } = message;
      const properties = { headers, durable, messageId, expiration };
      messages.push({ queue, properties, body });
    }
  }
  await rabbitmq.close();
  return messages;
}

/** Writes it to servers on which the queues exist. */
export async function loadRabbitRedis(servers: Servers, { commands, messages }: RabbitRedisLeft): Promise<void> {
  const redis = await createClient({ url: servers.redisUrl }).connect();
  for (const command of commands) {
    await redis.sendCommand(command.map((part) => (typeof part === 'string' ? part : Buffer.from(part))));
  }
  await redis.close();
  const rabbitmq = new Connection(servers.amqpUrl);
  const publisher = rabbitmq.createPublisher({ confirm: true });
  for (const { queue: routingKey, properties, body } of messages) {
    await publisher.send({ ...properties, routingKey, mandatory: true }, Buffer.from(body));
  }
  await publisher.close();
  await rabbitmq.close();
}
