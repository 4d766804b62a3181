import { createDynamoTaskQuota, DynamoRequestLimit } from '#adapters/aws/user-limits.ts';
import type { EndOf, Principal, TaskStore, UserQuota } from '#core';
import type { AwsSettings, DynamoAccess } from './aws.ts';

/** Limits of users on AWS, shared by all functions of a stage. */
export function createAwsUserLimits(
  settings: AwsSettings,
  { dynamodb: client, clock }: DynamoAccess,
  tasks: TaskStore,
) {
  const options = { client, table: settings.callsTable, clock };
  const requests = new DynamoRequestLimit(options);
  return {
    enter: (caller: Principal): Promise<void> => requests.enter(caller),
    quotaOf: ({ id, limits }: Pick<Principal, 'id' | 'limits'>, endOf: EndOf): UserQuota | undefined =>
      limits && createDynamoTaskQuota({ ...options, tasks, endOf }, id, limits),
  };
}
