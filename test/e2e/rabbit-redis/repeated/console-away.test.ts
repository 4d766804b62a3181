import { onRabbitRedis } from '#test/support/on-rabbit-redis.ts';

await onRabbitRedis('console-away', () => import('../../console-away.test.ts'));
