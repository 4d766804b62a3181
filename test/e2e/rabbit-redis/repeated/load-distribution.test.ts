import { onRabbitRedis } from '#test/support/on-rabbit-redis.ts';

await onRabbitRedis('load distribution', () => import('../../load-distribution.test.ts'));
