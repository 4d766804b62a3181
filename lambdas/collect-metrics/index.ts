import { awsSettingsFrom } from '#platform/aws.ts';
import { deadLetterSourcesFrom } from '#platform/aws-dead-letters.ts';
import { createAwsScaler } from '#platform/aws-scaler.ts';
import { ENV, readInteger, readRequired } from '#platform/environment.ts';
import { awsEntry } from '../entry.ts';
import { createHandler, embeddedGauges } from './handler.ts';

const settings = awsSettingsFrom(process.env);
const scaler = await createAwsScaler(settings);
const deadLetters = deadLetterSourcesFrom(process.env, settings);
export const handler = awsEntry(
  createHandler({
    stage: readRequired(process.env, ENV.stage),
    publish: embeddedGauges(),
    minInstances: readInteger(process.env, ENV.minInstances, { min: 0, max: 1000, default: 0 }),
    ...(scaler ? { scaler } : {}),
    ...(deadLetters ? { deadLetters } : {}),
  }),
);
