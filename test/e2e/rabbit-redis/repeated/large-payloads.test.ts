import { onRabbitRedis } from '#test/support/on-rabbit-redis.ts';

await onRabbitRedis('large payloads', () => import('../../large-payloads.test.ts'));
