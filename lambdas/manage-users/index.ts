import { LIFECYCLE_SERVICES } from '#core';
import { createAwsErasure } from '#platform/aws-erasure.ts';
import { awsEntry } from '../entry.ts';
import { awsAccounts } from '../known-callers.ts';
import { createHandler } from './handler.ts';

export const handler = awsEntry(createHandler, {
  ...awsAccounts(process.env),
  eraseUser: createAwsErasure(process.env, async (platform, id) => {
    const { eraseTraces } = await import('#api/erase-traces.ts');
    return eraseTraces(platform, id, LIFECYCLE_SERVICES);
  }),
});
