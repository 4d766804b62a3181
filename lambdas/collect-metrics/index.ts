import { ENV, readRequired } from '#platform/environment.ts';
import { awsEntry } from '../entry.ts';
import { createHandler, embeddedGauges } from './handler.ts';

export const handler = awsEntry(
  createHandler({ stage: readRequired(process.env, ENV.stage), publish: embeddedGauges() }),
);
