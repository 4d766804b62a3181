import { randomUUID } from 'node:crypto';
import { Connection } from 'rabbitmq-client';
import { createClient } from 'redis';
import { type Figures, measure } from './measure.ts';

interface Ceiling {
  readonly name: string;
  readonly amqpUrl: string;
  readonly redisUrl: string;
  readonly queueType: 'classic' | 'quorum';
  readonly concurrency: number;
  readonly seconds: number;
}

const CHANNEL = 'bench:done';

/** Publish with confirm → consume → SET + PUBLISH → notify with bare clients: the upper bound on these servers. */
export async function measureCeiling({
  name,
  amqpUrl,
  redisUrl,
  queueType,
  concurrency,
  seconds,
}: Ceiling): Promise<Figures> {
  const queue = `bench-${queueType}-${randomUUID()}`;
  const connection = new Connection({ url: amqpUrl, noDelay: true });
  connection.on('error', (error) => process.stderr.write(`${error}\n`));
  const [writer, listener] = [createClient({ url: redisUrl }), createClient({ url: redisUrl })];
  await Promise.all([writer.connect(), listener.connect()]);
  const channel = await connection.acquire();
  await channel.queueDeclare({ queue, durable: true, arguments: { 'x-queue-type': queueType } });
  await channel.basicQos({ prefetchCount: 64 });
  await channel.basicConsume({ queue }, ({ body, deliveryTag }) => {
    const id = String(body);
    void writer
      .multi()
      .set(`bench:${id}`, 'done', { expiration: { type: 'EX', value: 60 } })
      .publish(CHANNEL, id)
      .exec()
      .then(() => channel.basicAck({ deliveryTag }));
  });
  const waiting = new Map<string, () => void>();
  await listener.subscribe(CHANNEL, (id) => waiting.get(id)?.());
  const sender = await connection.acquire();
  await sender.confirmSelect();

  const once = async (): Promise<void> => {
    const id = randomUUID();
    const done = new Promise<void>((resolve) => waiting.set(id, resolve));
    await Promise.all([sender.basicPublish({ routingKey: queue, durable: true }, Buffer.from(id)), done]);
    waiting.delete(id);
  };
  await measure({ name, concurrency, seconds: 1, once });
  const figures = await measure({ name, concurrency, seconds, once });

  await channel.queueDelete({ queue });
  await Promise.all([channel.close(), sender.close()]);
  await connection.close();
  await Promise.all([writer.close(), listener.close()]);
  return figures;
}
