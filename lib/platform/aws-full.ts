import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { adoptLaunch, ControlRows } from '#adapters/aws/ecs-control.ts';
import { DynamoCallLog, DynamoUsageStore, DynamoUserStore } from '#adapters/aws/index.ts';
import { CALL_RETENTION_DAYS, DAY_MS, ModelyardError } from '#core';
import { type AwsSettings, createAwsPlatform, openDynamoDb } from './aws.ts';
import { lateLifecycle } from './late-lifecycle.ts';
import { type FullPlatform, systemClock } from './platform.ts';

export { awsSettingsFrom } from './aws.ts';

interface LifecycleOptions {
  /** Names the databases and artifacts of the lifecycle. @default no lifecycle */
  readonly environment?: NodeJS.ProcessEnv;
  /** Where they are files unless the environment names others. */
  readonly folder?: string;
}

/** The AWS platform with its users and its call log. */
export function createFullAwsPlatform(
  settings: AwsSettings,
  { environment = {}, folder }: LifecycleOptions = {},
  access = openDynamoDb(settings),
): FullPlatform {
  const platform = createAwsPlatform(settings, access);
  const { dynamodb: client, clock } = access;
  const { callDays = CALL_RETENTION_DAYS } = settings;
  const { lifecycle, closeLifecycle } = lateLifecycle(environment, folder);
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

/** The users of a deployed stage, with the credentials and the region of the environment. */
export async function openStageUsers(stage: string): Promise<Pick<FullPlatform, 'users' | 'clock' | 'close'>> {
  const client = new DynamoDBClient({});
  // CloudFormation adds a suffix to the name.
  const start = `modelyard-${stage}-DataUsers`;
  const { TableNames = [] } = await client.send(new ListTablesCommand({ ExclusiveStartTableName: start, Limit: 1 }));
  const [table = ''] = TableNames;
  if (!table.startsWith(start)) {
    client.destroy();
    throw new ModelyardError('internal', `This account has no stage ${stage} in this region.`);
  }
  const close = async () => client.destroy();
  return { users: new DynamoUserStore({ client, table }), clock: systemClock, close };
}
