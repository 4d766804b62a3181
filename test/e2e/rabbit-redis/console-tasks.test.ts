import { onRabbitRedis } from '#test/support/on-rabbit-redis.ts';

await onRabbitRedis('console-tasks', () => import('../console-tasks.test.ts'));
