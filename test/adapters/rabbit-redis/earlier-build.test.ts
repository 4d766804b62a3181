import { Connection } from 'rabbitmq-client';
import { createClient } from 'redis';
import { describe, it, onTestFinished } from 'vitest';
import {
  type EarlierBroker,
  earlierCopiesContract,
  earlierMessagesContract,
} from '#test/contracts/earlier-build.contract.ts';
import { MODEL, redisHash, TASK_ID } from '#test/fixtures/earlier-build.ts';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { aPrefix, useRabbitRedis } from '#test/support/rabbit-redis.ts';

const SUITE = 'Messages of an earlier build on RabbitMQ + Redis';
const brokers = findBrokers(SUITE);

if (!brokers) describe(SUITE, () => it.todo('run where redis-server and rabbitmq-server are installed'));
else {
  const servers = useRabbitRedis(brokers);

  async function open(): Promise<EarlierBroker> {
    const prefix = aPrefix();
    const platform = servers.open({ prefix });
    // Creates the queues, with the settings that they have had since.
    await platform.queues(MODEL).depth();
    const redis = await createClient({ url: servers.redis.url }).connect();
    const rabbitmq = new Connection(servers.rabbitmq.url);
    const publisher = rabbitmq.createPublisher({ confirm: true });
    onTestFinished(async () => {
      await redis.close();
      await publisher.close();
      await rabbitmq.close();
    });
    const send = (routingKey: string, body: Uint8Array, headers?: Record<string, string | number>) =>
      publisher.send(
        { routingKey, durable: true, mandatory: true, messageId: '1', ...(headers ? { headers } : {}) },
        Buffer.from(body),
      );
    return {
      platform,
      async keep(state) {
        const { createdAt, retainedUntil, ...texts } = redisHash(state);
        await redis.hSet(`${prefix}:task:${TASK_ID}`, { ...texts, createdAt, retainedUntil } as Record<string, string>);
        await redis.pExpireAt(`${prefix}:task:${TASK_ID}`, Number(retainedUntil));
        await redis.zAdd(`${prefix}:owner:local`, { score: Number(createdAt), value: TASK_ID });
      },
      send: (body) => send(`${prefix}.${MODEL}.tasks`, body),
      sendCopy: ({ body, attempts, reason }) =>
        send(`${prefix}.${MODEL}.${reason ? 'dead-letters' : 'tasks'}`, body, {
          'modelyard-attempts': attempts,
          ...(reason ? { 'modelyard-reason-code': reason.code, 'modelyard-reason-message': reason.message } : {}),
        }),
    };
  }

  earlierMessagesContract('RabbitMQ + Redis', open);
  earlierCopiesContract('RabbitMQ + Redis', open);
}
