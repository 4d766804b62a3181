import { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { METRICS_NAMESPACE, METRICS_SERVICE, type ModelMetric, type StageMetric } from '#api/http/metrics.ts';
import type { ModelQueues } from './model-queues.ts';

const MINUTE = Duration.minutes(1);

/** A metric of the stage, published every minute. */
export const stageMetric = (stage: string, metricName: StageMetric, options: MetricOptions = {}): Metric =>
  new Metric({
    namespace: METRICS_NAMESPACE,
    metricName,
    dimensionsMap: { service: METRICS_SERVICE, stage },
    period: MINUTE,
    statistic: 'Maximum',
    ...options,
  });

/** A metric of one model, published every minute. */
export const modelMetric = (
  stage: string,
  model: string,
  metricName: ModelMetric,
  options: MetricOptions = {},
): Metric =>
  new Metric({
    namespace: METRICS_NAMESPACE,
    metricName,
    dimensionsMap: { service: METRICS_SERVICE, stage, model },
    period: MINUTE,
    statistic: 'Maximum',
    ...options,
  });

/** Waiting and running tasks per live instance, at least one. */
export const BACKLOG_PER_INSTANCE = '(FILL(visible, 0) + FILL(inFlight, 0)) / IF(FILL(live, 0) > 0, FILL(live, 0), 1)';

/** 1 while tasks wait and the model has no live instance. */
const WAITING_FOR_NOBODY = 'IF(FILL(live, 0) < 1 AND FILL(visible, 0) > 0, 1, 0)';

/** The metrics of the two expressions. */
export const backlogParts = (stage: string, model: string, { tasks }: ModelQueues) => ({
  visible: tasks.metricApproximateNumberOfMessagesVisible({ period: MINUTE, statistic: 'Maximum' }),
  inFlight: tasks.metricApproximateNumberOfMessagesNotVisible({ period: MINUTE, statistic: 'Maximum' }),
  live: modelMetric(stage, model, 'LiveInstances'),
});

/** `WAITING_FOR_NOBODY` as a metric for an alarm. */
export function waitingForNobody(stage: string, model: string, queues: ModelQueues): MathExpression {
  const { visible, live } = backlogParts(stage, model, queues);
  return new MathExpression({ expression: WAITING_FOR_NOBODY, usingMetrics: { visible, live }, period: MINUTE });
}
