import { PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, it } from 'vitest';
import { createS3Client } from '#adapters/aws/index.ts';
import { awsSettingsFrom } from '#platform/aws.ts';
import { ENV } from '#platform/environment.ts';
import { dataToAlertContract } from '#test/contracts/data-to-alert.contract.ts';
import { useDatabases } from '#test/lifecycle/databases.ts';
import { findDsqlProxy } from '#test/support/dsql-proxy.ts';
import { surroundSystems } from '#test/support/embedded-system.ts';
import { findPostgres } from '#test/support/postgres-server.ts';

const SUITE = 'on SQS, DynamoDB, S3 and Aurora DSQL';

/** Known when the databases run. */
let environment: Readonly<Record<string, string>> = {};

if ((await findPostgres(SUITE)) && (await findDsqlProxy(SUITE))) {
  const newDatabases = useDatabases('dsql');
  surroundSystems(() => ({ args: ['--platform', 'aws'], environment }));

  dataToAlertContract(SUITE, {
    predictions: 200,
    async prepare(more) {
      environment = { ...(await newDatabases()), ...more };
    },
    async putObject(name, Body, { environment: of }) {
      const s3 = await createS3Client(awsSettingsFrom(of));
      const [, , Bucket, prefix] = (of[ENV.artifacts] ?? '').split('/');
      await s3.send(new PutObjectCommand({ Bucket, Key: `${prefix}/inbox/${name}`, Body }));
      s3.destroy();
    },
  });
} else describe(SUITE, () => it.todo('runs where PostgreSQL and the emulator of Aurora DSQL are installed'));
