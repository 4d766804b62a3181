import { onRabbitRedis } from '#test/support/on-rabbit-redis.ts';

await onRabbitRedis('models in any language', () => import('../../languages.test.ts'));
