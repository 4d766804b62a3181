import { webhookSending } from '#platform/webhook-sending.ts';
import { awsEntry } from '../entry.ts';
import { createHandler } from './handler.ts';

export const handler = awsEntry(createHandler(webhookSending(process.env)));
