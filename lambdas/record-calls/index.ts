import { METRICS_NAMESPACE, METRICS_SERVICE } from '#api/http/metrics.ts';
import { awsCallsFrom } from '#platform/aws-calls.ts';
import { embeddedMetrics } from '../embedded-metrics.ts';
import { awsLogger } from '../entry.ts';
import { createHandler } from './handler.ts';

export const handler = createHandler({
  ...awsCallsFrom(process.env),
  logger: awsLogger(),
  metrics: embeddedMetrics({ namespace: METRICS_NAMESPACE, service: METRICS_SERVICE }),
});
