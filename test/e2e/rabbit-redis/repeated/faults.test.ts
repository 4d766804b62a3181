import { onRabbitRedis } from '#test/support/on-rabbit-redis.ts';

await onRabbitRedis('faults', () => import('../../faults.test.ts'));
