import { onRabbitRedis } from '#test/support/on-rabbit-redis.ts';

await onRabbitRedis('gateway routes', () => import('../../gateway-routes.test.ts'));
