import { awsSettingsFrom, createAwsPlatform } from '#platform/aws.ts';
import { lambdaEntry } from '../entry.ts';
import { createHandler } from './handler.ts';

export const handler = lambdaEntry(createHandler, createAwsPlatform(awsSettingsFrom(process.env)));
