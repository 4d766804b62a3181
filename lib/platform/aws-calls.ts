import { DynamoCallLog } from '#adapters/aws/index.ts';
import { type CallLog, type Clock, DAY_MS } from '#core';
import { awsSettingsFrom, openDynamoDb } from './aws.ts';
import { callDaysFrom } from './environment.ts';

interface AwsCalls {
  readonly calls: CallLog;
  readonly clock: Clock;
  /** Whether this stage records calls. */
  readonly isRecorded: boolean;
}

/** The call log of a stage. Throws an error that names the missing or malformed variable. */
export function awsCallsFrom(env: NodeJS.ProcessEnv): AwsCalls {
  const settings = awsSettingsFrom(env);
  const { dynamodb: client, clock } = openDynamoDb(settings);
  const days = callDaysFrom(env);
  const calls = new DynamoCallLog({ client, table: settings.callsTable, clock, retentionMs: days * DAY_MS });
  return { calls, clock, isRecorded: days > 0 };
}
