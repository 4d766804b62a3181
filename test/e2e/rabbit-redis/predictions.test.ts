import { onRabbitRedis } from '#test/support/on-rabbit-redis.ts';

await onRabbitRedis('predictions', () => import('../predictions.test.ts'));
