import { onRabbitRedis } from '#test/support/on-rabbit-redis.ts';

await onRabbitRedis('steering', () => import('../../steering.test.ts'));
