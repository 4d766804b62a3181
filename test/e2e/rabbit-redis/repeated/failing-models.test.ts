import { onRabbitRedis } from '#test/support/on-rabbit-redis.ts';

await onRabbitRedis('models that do not start', () => import('../../failing-models.test.ts'));
