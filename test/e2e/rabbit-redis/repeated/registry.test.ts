import { onRabbitRedis } from '#test/support/on-rabbit-redis.ts';

await onRabbitRedis('registry', () => import('../../registry.test.ts'));
