import { awsUsersFrom } from '#platform/aws-users.ts';
import { awsEntry } from '../entry.ts';
import { createHandler } from './handler.ts';

const known = awsUsersFrom(process.env);

export const handler = awsEntry(createHandler, known ? { users: known.users } : {});
