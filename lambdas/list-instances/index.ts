import { withLogs } from '#platform/aws-logs.ts';
import { awsEntry } from '../entry.ts';
import { createHandler } from './handler.ts';

export const handler = awsEntry(createHandler, {}, (platform) => withLogs(platform, process.env));
