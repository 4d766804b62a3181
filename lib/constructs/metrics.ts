import { Duration } from 'aws-cdk-lib';
import { Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { METRICS_NAMESPACE, METRICS_SERVICE, type StageMetric } from '#api/http/metrics.ts';

const MINUTE = Duration.minutes(1);

/** A metric of the stage, published in every minute in which it is not 0. */
export const stageMetric = (stage: string, metricName: StageMetric, options: MetricOptions = {}): Metric =>
  new Metric({
    namespace: METRICS_NAMESPACE,
    metricName,
    dimensionsMap: { service: METRICS_SERVICE, stage },
    period: MINUTE,
    statistic: 'Maximum',
    ...options,
  });
