import { awsCallsFrom } from '#platform/aws-calls.ts';
import { awsUsersFrom } from '#platform/aws-users.ts';
import { awsEntry } from '../entry.ts';
import { createHandler } from './handler.ts';

const { calls, isRecorded } = awsCallsFrom(process.env);
const known = awsUsersFrom(process.env);

export const handler = awsEntry(createHandler, {
  ...(isRecorded ? { calls } : {}),
  ...(known ? { users: known.users } : {}),
});
