import { onRabbitRedis } from '#test/support/on-rabbit-redis.ts';

await onRabbitRedis('docs', () => import('../../docs.test.ts'));
