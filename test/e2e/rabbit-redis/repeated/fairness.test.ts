import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { onRabbitRedis } from '#test/support/on-rabbit-redis.ts';
import { findPostgres, type PostgresServer, startPostgres } from '#test/support/postgres-server.ts';

const SUITE = 'fairness';
const binaries = await findPostgres(SUITE);

if (!binaries) describe(SUITE, () => it.todo('runs where PostgreSQL is installed'));
else {
  let postgres: PostgresServer;
  let folder: string;

  beforeAll(async () => {
    [postgres, folder] = await Promise.all([startPostgres(binaries), mkdtemp(join(tmpdir(), 'modelyard-keys-'))]);
  }, 60_000);

  afterAll(async () => {
    await postgres?.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  await onRabbitRedis(
    SUITE,
    () => import('../../fairness.test.ts'),
    () => ({ DATABASE_URL: postgres.url, MODELYARD_KEYS_FILE: join(folder, 'signing-keys.json') }),
  );
}
