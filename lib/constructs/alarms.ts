import { Duration, Tags } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { limitsOf } from '#catalog/manifest.ts';
import type { Handlers } from './handlers.ts';
import type { HttpApi } from './http-api.ts';
import { stageMetric } from './metrics.ts';
import type { ModelService } from './model-service.ts';
import type { SubmitUrl } from './submit-url.ts';

export interface AlarmsProps {
  readonly stage: string;
  /** First part of all alarm names. */
  readonly prefix: string;
  readonly api: HttpApi;
  /** @default predictions use only the API */
  readonly submitUrl: SubmitUrl | undefined;
  readonly handlers: Handlers;
  readonly models: readonly ModelService[];
}

export interface AlarmSpec {
  readonly name: string;
  /** The model that it is billed to. @default the stage */
  readonly model?: string;
  /** The cause, then the heading of the section in `docs/runbook.md`. */
  readonly description: string;
  readonly metric: IMetric;
  /** The threshold. */
  readonly from: number;
  readonly minutes: number;
  /** How many of the minutes. @default all */
  readonly ofThem?: number;
}

const PERIOD = Duration.minutes(1);

/** Alarms that need a person. Each has its own name and a section in the runbook. */
export class Alarms extends Construct {
  readonly all: readonly Alarm[];

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const specs = [...ofStage(props), ...props.models.flatMap(ofModel)];
    this.all = specs.map((spec) => alarmOf(this, props.prefix, spec));
  }
}

export function alarmOf(
  scope: Construct,
  prefix: string,
  { name, model, description, metric, from, minutes, ofThem }: AlarmSpec,
): Alarm {
  const alarm = new Alarm(scope, name, {
    alarmName: `${prefix}${name}`,
    alarmDescription: description,
    metric,
    threshold: from,
    evaluationPeriods: minutes,
    datapointsToAlarm: ofThem,
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });
  if (model !== undefined) Tags.of(alarm).add('model', model);
  return alarm;
}

function ofStage({ stage, api, submitUrl, handlers }: AlarmsProps): readonly AlarmSpec[] {
  const submit = handlers.byName.get('submit-task');
  return [
    {
      name: 'server-errors',
      description: 'More than 1 in 100 requests fails by our fault. Runbook: server-errors.',
      // Each request counts as 0 or 1, so the average is the share of failures.
      metric: api.metrics.serverErrors({ period: PERIOD, statistic: 'Average' }),
      from: 0.01,
      minutes: 3,
    },
    ...(submitUrl
      ? [
          {
            name: 'submit-url-server-errors',
            description: 'Predictions by the submit URL fail by our fault. Runbook: server-errors.',
            metric: submitUrl.metrics.serverErrors({ period: PERIOD, statistic: 'Sum' }),
            from: 1,
            minutes: 3,
          },
        ]
      : []),
    {
      name: 'no-live-instance',
      description: 'Tasks wait for a model and no instance of it is live. Runbook: no-live-instance.',
      metric: stageMetric(stage, 'StalledModels'),
      from: 1,
      minutes: 5,
    },
    {
      name: 'scaling-failed',
      description: 'The number of instances cannot be changed. Runbook: scaling-failed.',
      metric: handlers.collectMetrics.metricErrors({ period: PERIOD }),
      from: 1,
      minutes: 5,
      ofThem: 3,
    },
    {
      name: 'tasks-given-up',
      description: 'Tasks were given up after all their attempts. Runbook: tasks-given-up.',
      metric: handlers.giveUpTask.metricInvocations({ period: PERIOD }),
      from: 1,
      minutes: 1,
    },
    ...(submit
      ? [
          {
            name: 'throttles',
            description: 'Submits are refused because too many run at once. Runbook: throttles.',
            metric: submit.metricThrottles({ period: PERIOD }),
            from: 1,
            minutes: 3,
          },
        ]
      : []),
  ];
}

export const deadLettersAlarm = ({ manifest: { name: model }, queues }: ModelService): AlarmSpec => ({
  name: `${model}-dead-letters`,
  model,
  description: `Dead letters of ${model} are not being dealt with. Runbook: dead-letters.`,
  metric: queues.deadLetters.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: 'Maximum' }),
  from: 1,
  minutes: 5,
});

function ofModel(service: ModelService): readonly AlarmSpec[] {
  const { manifest, queues } = service;
  const { timeoutSeconds } = limitsOf(manifest);
  return [
    deadLettersAlarm(service),
    {
      name: `${manifest.name}-oldest-task`,
      model: manifest.name,
      description: `A task of ${manifest.name} has waited for far longer than a run takes. Runbook: oldest-task.`,
      metric: queues.tasks.metricApproximateAgeOfOldestMessage({ period: PERIOD, statistic: 'Maximum' }),
      // Allows for a cold start and several runs before this task.
      from: Math.max(600, 5 * timeoutSeconds),
      minutes: 5,
    },
  ];
}
