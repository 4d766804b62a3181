import { join } from 'node:path';
import type { LifecycleService } from '#core';
import { awsEnvironment } from '#platform/aws.ts';
import { ENV } from '#platform/environment.ts';
import { DATABASE_URLS } from '#platform/lifecycle-databases.ts';
import { Child } from './child.ts';
import type { DeployedStage } from './deployed-stage.ts';
import type { Emulator } from './emulator.ts';
import { ACCOUNT, type Workplace } from './workplace.ts';

/** Databases with the SQL of Aurora DSQL, which end with the test. */
export interface CloudDatabases extends AsyncDisposable {
  /** Undefined, with a printed reason, where PostgreSQL or the emulator of its SQL is missing. */
  readonly urls: Readonly<Record<LifecycleService, string>> | undefined;
}

const REGION = 'us-east-1';

/** Starts a PostgreSQL of this machine behind the emulator's proxy. */
export async function startDatabases({ root, signal }: Workplace): Promise<CloudDatabases> {
  const child = new Child(process.execPath, ['--disable-warning=ExperimentalWarning', 'test/cloud/databases.ts'], {
    ...{ cwd: root, environment: process.env, signal },
  });
  await Promise.race([child.untilPrinted('DATABASES '), child.untilPrinted('NONE')]);
  const [, json] = /^DATABASES (.*)$/m.exec(child.output) ?? [];
  if (json === undefined) process.stdout.write(child.output);
  return {
    urls: json === undefined ? undefined : JSON.parse(json),
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

/** Starts the worker of the lifecycle and the model of its example. Resolves when both are ready. */
export async function startLifecycleInstances(
  { endpoint, environment }: Emulator,
  { settings }: DeployedStage,
  { stage, urls }: { readonly stage: string; readonly urls: Readonly<Record<LifecycleService, string>> },
  { root, scratch, signal }: Workplace,
): Promise<readonly Child[]> {
  const databases = Object.entries(urls).map(([service, url]) => [DATABASE_URLS[service as LifecycleService], url]);
  const children = ['worker/lifecycle', 'models/fertility'].map(
    (folder) =>
      new Child(process.execPath, [join(root, 'model-containers/runtime/instance/main.ts')], {
        cwd: root,
        environment: {
          ...{ ...environment, ...awsEnvironment(settings), ...Object.fromEntries(databases) },
          [ENV.s3Endpoint]: endpoint,
          [ENV.artifacts]: `s3://modelyard-${stage}-artifacts-${ACCOUNT}-${REGION}/artifacts/`,
          [ENV.scratchFolder]: join(scratch, 'lifecycle'),
          [ENV.model]: join(root, 'lifecycle', folder),
          ...{ [ENV.whenIdle]: 'stay', [ENV.stopSeconds]: '5' },
        },
        signal,
      }),
  );
  await Promise.all(children.map((child) => child.untilPrinted('"Ready."')));
  return children;
}
