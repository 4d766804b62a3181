import { DynamoCallLog, DynamoUserStore } from '#adapters/aws/index.ts';
import { type AwsSettings, createAwsPlatform, openDynamoDb } from './aws.ts';

import type { FullPlatform } from './platform.ts';

export { awsSettingsFrom } from './aws.ts';

/** The AWS platform with its users and its call log. */
export function createFullAwsPlatform(settings: AwsSettings, access = openDynamoDb(settings)): FullPlatform {
  const platform = createAwsPlatform(settings, access);
  const { dynamodb: client, clock } = access;
  return {
    ...platform,
    users: new DynamoUserStore({ client, table: settings.usersTable }),
    calls: new DynamoCallLog({ client, table: settings.callsTable, clock }),
  };
}
