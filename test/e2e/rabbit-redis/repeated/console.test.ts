import { onRabbitRedis } from '#test/support/on-rabbit-redis.ts';

await onRabbitRedis('console', () => import('../../console.test.ts'));
