import { lateLifecycle } from '#platform/late-lifecycle.ts';
import { awsEntry } from '../entry.ts';
import { createHandler } from './handler.ts';

const { lifecycle } = lateLifecycle(process.env);

export const handler = awsEntry(createHandler, {}, (platform) => ({ ...platform, lifecycle }));
