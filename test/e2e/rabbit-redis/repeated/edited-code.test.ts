import { lifecycleFiles } from '#test/support/lifecycle-files.ts';
import { onRabbitRedis } from '#test/support/on-rabbit-redis.ts';

const files = lifecycleFiles();
await onRabbitRedis(
  'edited-code',
  () => import('../../edited-code.test.ts'),
  () => files,
);
