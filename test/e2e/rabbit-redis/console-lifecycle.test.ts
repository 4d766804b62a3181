import { onRabbitRedis } from '#test/support/on-rabbit-redis.ts';

await onRabbitRedis('console-lifecycle', () => import('../console-lifecycle.test.ts'));
