import { onRabbitRedis } from '#test/support/on-rabbit-redis.ts';

await onRabbitRedis('lifecycle', () => import('../../lifecycle.test.ts'));
