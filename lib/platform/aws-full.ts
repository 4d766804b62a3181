import { adoptLaunch, ControlRows } from '#adapters/aws/ecs-control.ts';
import { DynamoCallLog, DynamoUsageStore, DynamoUserStore } from '#adapters/aws/index.ts';
import { CALL_RETENTION_DAYS, DAY_MS } from '#core';
import { type AwsSettings, createAwsPlatform, openDynamoDb } from './aws.ts';
import { lateLifecycle } from './late-lifecycle.ts';
import type { FullPlatform } from './platform.ts';

export { awsSettingsFrom } from './aws.ts';

interface LifecycleOptions {
  /** Names the databases and artifacts of the lifecycle. @default no lifecycle */
  readonly environment?: NodeJS.ProcessEnv;
}

const connectionOf = ({ region, credentials }: AwsSettings) => ({
  ...(region === undefined ? {} : { region }),
  ...(credentials === undefined ? {} : { credentials }),
});

/** The AWS platform with its users and its call log. */
export function createFullAwsPlatform(
  settings: AwsSettings,
  { environment = {} }: LifecycleOptions = {},
  access = openDynamoDb(settings),
): FullPlatform {
  const platform = createAwsPlatform(settings, access);
  const { dynamodb: client, clock } = access;
  const { callDays = CALL_RETENTION_DAYS } = settings;
  const { lifecycle, closeLifecycle } = lateLifecycle(environment, { connection: connectionOf(settings) });
  return {
    ...platform,
    users: new DynamoUserStore({ client, table: settings.usersTable }),
    calls: new DynamoCallLog({ client, table: settings.callsTable, clock, retentionMs: callDays * DAY_MS }),
    usage: new DynamoUsageStore({ client, table: settings.callsTable, clock }),
    recordsCalls: callDays > 0,
    adoptLaunch: (model, taskId) =>
      adoptLaunch(new ControlRows({ client, table: settings.registryTable }), { model, taskId, clock }),
    lifecycle,
    async close() {
      await closeLifecycle();
      await platform.close();
    },
  };
}
