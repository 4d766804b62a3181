import { createAwsErasure } from '#platform/aws-erasure.ts';
import { awsEntry } from '../entry.ts';
import { awsAccounts } from '../known-callers.ts';
import { createHandler } from './handler.ts';

export const handler = awsEntry(createHandler, {
  ...awsAccounts(process.env),
  eraseUser: createAwsErasure(process.env),
});
