import { awsSettingsFrom } from '#platform/aws.ts';
import { createAwsScaler } from '#platform/aws-scaler.ts';
import { ENV, readInteger, readRequired } from '#platform/environment.ts';
import { awsEntry } from '../entry.ts';
import { createHandler, embeddedGauges } from './handler.ts';

const scaler = await createAwsScaler(awsSettingsFrom(process.env));
export const handler = awsEntry(
  createHandler({
    stage: readRequired(process.env, ENV.stage),
    publish: embeddedGauges(),
    minInstances: readInteger(process.env, ENV.minInstances, { min: 0, max: 1000, default: 0 }),
    ...(scaler ? { scaler } : {}),
  }),
);
