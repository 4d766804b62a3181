import { Duration, Stack } from 'aws-cdk-lib';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { METRICS_NAMESPACE } from '#api/http/metrics.ts';
import { type AlarmSpec, alarmOf, deadLettersAlarm } from './alarms.ts';
import type { ModelService } from './model-service.ts';
import { alarmsTopicName } from './notifications.ts';

export interface LifecycleAlarmsProps {
  readonly stage: string;
  /** First part of all alarm names. */
  readonly prefix: string;
  readonly worker: ModelService;
  readonly services: readonly ModelService[];
  /** Starts due work each minute, for which it asks every database. */
  readonly handler: IFunction;
  /** Whether the stage has the topic of its alarms. */
  readonly hasTopic: boolean;
}

const PERIOD = Duration.minutes(1);

/** What the callers of a stage have to change themselves is no alarm. */
const FAILED = '{ ($.message = "Task given up.") || (($.message = "Task failed.") && ($.code != "invalid_input")) }';

/** Alarms of a lifecycle. They tell the topic of the alarms of the stage. */
export class LifecycleAlarms extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { stage, prefix, worker, services, handler, hasTopic }: LifecycleAlarmsProps,
  ) {
    super(scope, id);
    const failed = new MetricFilter(this, 'FailedStages', {
      logGroup: worker.log,
      filterPattern: FilterPattern.literal(FAILED),
      metricNamespace: METRICS_NAMESPACE,
      metricName: `FailedStages-${stage}`,
    });
    const specs: AlarmSpec[] = [
      ...services.map(deadLettersAlarm),
      {
        name: 'stages-failed',
        description: 'Stages of the lifecycle fail. Runbook: stages-failed.',
        metric: failed.metric({ period: PERIOD, statistic: 'Sum' }),
        from: 1,
        minutes: 1,
      },
      {
        name: 'lifecycle-databases',
        description: 'Databases of the lifecycle cannot be reached, or refuse. Runbook: lifecycle-databases.',
        metric: handler.metricErrors({ period: PERIOD }),
        from: 1,
        minutes: 5,
        ofThem: 3,
      },
    ];
    const alarms = specs.map((spec) => alarmOf(this, prefix, spec));
    if (!hasTopic) return;
    const topicArn = Stack.of(this).formatArn({ service: 'sns', resource: alarmsTopicName(prefix) });
    const action = new SnsAction(Topic.fromTopicArn(this, 'Topic', topicArn));
    for (const alarm of alarms) {
      alarm.addAlarmAction(action);
      alarm.addOkAction(action);
    }
  }
}
