import { onRabbitRedis } from '#test/support/on-rabbit-redis.ts';

await onRabbitRedis('roll-out', () => import('../../roll-out.test.ts'));
