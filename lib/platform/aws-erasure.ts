import { DynamoCallLog, DynamoUsageStore, DynamoUserStore } from '#adapters/aws/index.ts';
import { eraseUser } from '#core';
import { awsSettingsFrom, createAwsPlatform, openDynamoDb } from './aws.ts';

/** Deletes users of a stage with everything that is stored of them, as `eraseUser` says. */
export function createAwsErasure(env: NodeJS.ProcessEnv): (id: string) => Promise<boolean> {
  const settings = awsSettingsFrom(env);
  const access = openDynamoDb(settings);
  const { dynamodb: client, clock } = access;
  const deps = {
    ...createAwsPlatform(settings, access),
    users: new DynamoUserStore({ client, table: settings.usersTable }),
    calls: new DynamoCallLog({ client, table: settings.callsTable, clock }),
    usage: new DynamoUsageStore({ client, table: settings.callsTable, clock }),
  };
  return (id) => eraseUser(deps, id);
}
