import { awsSettingsFrom, createAwsPlatform, readDeadLetterRecord } from '#platform/aws.ts';
import { lambdaEntry } from '../entry.ts';
import { createHandler } from './handler.ts';

export const handler = lambdaEntry(
  createHandler(readDeadLetterRecord),
  createAwsPlatform(awsSettingsFrom(process.env)),
);
