import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { startFauxqs } from 'fauxqs';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { ENV } from '#platform/environment.ts';
import { dataToAlertContract } from '#test/contracts/data-to-alert.contract.ts';
import { useDatabases } from '#test/lifecycle/databases.ts';
import { lifecycleFiles } from '#test/support/lifecycle-files.ts';
import { onRabbitRedis } from '#test/support/on-rabbit-redis.ts';
import { findPostgres } from '#test/support/postgres-server.ts';

const SUITE = 'on PostgreSQL and S3';
const BUCKET = 'lifecycle';
const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' };

/** Known when the servers run. */
let environment: Readonly<Record<string, string>> = {};

async function register(): Promise<void> {
  const newDatabases = useDatabases('postgres');
  const files = lifecycleFiles();
  let emulator: Awaited<ReturnType<typeof startFauxqs>>;
  beforeAll(async () => {
    emulator = await startFauxqs({ port: 0, logger: false });
    emulator.createBucket(BUCKET);
  });
  afterAll(() => emulator?.stop());

  dataToAlertContract(`${SUITE}, RabbitMQ and Redis`, {
    async prepare(more) {
      environment = {
        ...files,
        ...(await newDatabases()),
        ...{ AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
        [ENV.artifacts]: `s3://${BUCKET}/artifacts/`,
        [ENV.s3Endpoint]: emulator.address,
        ...more,
      };
    },
    async putObject(name, Body) {
      const s3 = new S3Client({
        ...{ endpoint: emulator.address, forcePathStyle: true, region: 'us-east-1', credentials: CREDENTIALS },
      });
      await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: `artifacts/inbox/${name}`, Body }));
      s3.destroy();
    },
  });
}

if (await findPostgres(SUITE)) await onRabbitRedis(SUITE, register, () => environment);
else describe(SUITE, () => it.todo('runs where PostgreSQL is installed'));
