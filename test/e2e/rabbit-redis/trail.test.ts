import { onRabbitRedis } from '#test/support/on-rabbit-redis.ts';

await onRabbitRedis('one request', () => import('../trail.test.ts'));
