import { startTestsFrom } from '#platform/aws-start-tests.ts';
import { systemClock } from '#platform/platform.ts';
import { awsLogger } from '../entry.ts';
import { createHandler } from './handler.ts';

export const handler = createHandler({
  tests: await startTestsFrom(process.env),
  clock: systemClock,
  logger: awsLogger(),
});
