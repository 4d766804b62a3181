import { onRabbitRedis } from '#test/support/on-rabbit-redis.ts';

await onRabbitRedis('OpenAPI', () => import('../../openapi.test.ts'));
