import { readDeadLetterRecord } from '#platform/aws.ts';
import { awsEntry } from '../entry.ts';
import { createHandler } from './handler.ts';

export const handler = awsEntry(createHandler(readDeadLetterRecord));
