import { makeServiceRoleOn } from '#platform/dsql-roles.ts';
import { awsLogger } from '../entry.ts';
import { createHandler } from './handler.ts';

export const handler = createHandler({ makeRole: makeServiceRoleOn, logger: awsLogger() });
