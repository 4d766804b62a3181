import { awsSettingsFrom, createAwsPlatform } from '#platform/aws.ts';
import { ENV, readRequired } from '#platform/environment.ts';
import { lambdaEntry } from '../entry.ts';
import { embeddedGauges } from './gauges.ts';
import { createHandler } from './handler.ts';

export const handler = lambdaEntry(
  createHandler({ stage: readRequired(process.env, ENV.stage), publish: embeddedGauges() }),
  createAwsPlatform(awsSettingsFrom(process.env)),
);
