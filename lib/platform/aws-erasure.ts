import { DynamoCallLog, DynamoUsageStore, DynamoUserStore } from '#adapters/aws/index.ts';
import { eraseUser } from '#core';
import { awsSettingsFrom, createAwsPlatform, openDynamoDb } from './aws.ts';
import { readChoice } from './environment.ts';
import * as ENV from './environment-names.ts';
import type { Platform } from './platform.ts';

/**
 * Deletes users of a stage with everything that is stored of them, as `eraseUser` says. `eraseTraces`: of a stage with a
 * lifecycle.
 */
export function createAwsErasure(
  env: NodeJS.ProcessEnv,
  eraseTraces: (platform: Platform, id: string) => Promise<void>,
): (id: string) => Promise<boolean> {
  const settings = awsSettingsFrom(env);
  const access = openDynamoDb(settings);
  const { dynamodb: client, clock } = access;
  const platform = createAwsPlatform(settings, access);
  const hasLifecycle = readChoice(env, ENV.lifecycle, ['off', 'on']) === 'on';
  const deps = {
    ...platform,
    users: new DynamoUserStore({ client, table: settings.usersTable }),
    calls: new DynamoCallLog({ client, table: settings.callsTable, clock }),
    usage: new DynamoUsageStore({ client, table: settings.callsTable, clock }),
    ...(hasLifecycle ? { eraseTraces: (id: string) => eraseTraces(platform, id) } : {}),
  };
  return (id) => eraseUser(deps, id);
}
