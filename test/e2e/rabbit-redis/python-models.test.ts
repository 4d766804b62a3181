import { onRabbitRedis } from '#test/support/on-rabbit-redis.ts';

await onRabbitRedis('models in Python', () => import('../python-models.test.ts'));
