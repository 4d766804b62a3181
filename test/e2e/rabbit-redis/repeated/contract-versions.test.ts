import { onRabbitRedis } from '#test/support/on-rabbit-redis.ts';

await onRabbitRedis('contract versions', () => import('../../contract-versions.test.ts'));
