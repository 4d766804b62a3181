import { lifecycleFiles } from '#test/support/lifecycle-files.ts';
import { onRabbitRedis } from '#test/support/on-rabbit-redis.ts';

const files = lifecycleFiles();
await onRabbitRedis(
  'console-lifecycle',
  () => import('../../console-lifecycle.test.ts'),
  () => files,
);
