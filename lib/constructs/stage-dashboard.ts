import { Duration, Stack } from 'aws-cdk-lib';
import {
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  MathExpression,
  SingleValueWidget,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { HandlerName } from '#api/http/routes.ts';
import type { Data } from './data.ts';
import type { Handlers } from './handlers.ts';
import type { HttpApi, HttpApiMetrics } from './http-api.ts';
import { stageMetric } from './metrics.ts';
import type { ModelService } from './model-service.ts';
import type { SubmitUrl } from './submit-url.ts';

export interface StageDashboardProps {
  readonly stage: string;
  readonly prefix: string;
  readonly api: HttpApi;
  /** @default predictions use only the API */
  readonly submitUrl: SubmitUrl | undefined;
  readonly data: Data;
  readonly handlers: Handlers;
  readonly models: readonly ModelService[];
}

const MINUTE = Duration.minutes(1);
const SUM = { period: MINUTE, statistic: 'Sum' } as const;
const MAX = { period: MINUTE, statistic: 'Maximum' } as const;
const THIRD = 8;
/** Handlers with a significant duration; the collector is added. A dashboard is free up to 50 metrics. */
const BUSY = ['submit-task', 'get-task', 'get-result'] as const satisfies readonly HandlerName[];

/** One page about the health of a stage: instances, queues, latency, errors, cost. */
export class StageDashboard extends Construct {
  readonly url: string;

  constructor(scope: Construct, id: string, props: StageDashboardProps) {
    super(scope, id);
    const dashboardName = `${props.prefix}overview`;
    new Dashboard(this, 'Dashboard', {
      dashboardName,
      defaultInterval: Duration.hours(3),
      widgets: [summary(props), queues(props), traffic(props), costs(props)],
    });
    const { region } = Stack.of(this);
    this.url = `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#dashboards:name=${dashboardName}`;
  }
}

const graph = (title: string, left: readonly IMetric[]): IWidget =>
  new GraphWidget({ title, left: [...left], width: THIRD, height: 6 });

/**
 * How many tasks of a service run: each sends one sample a minute. A metric of our own would be billed for every awake
 * model.
 */
const instancesOf = ({ service, manifest }: ModelService): IMetric =>
  service.metricCpuUtilization({ period: MINUTE, statistic: 'SampleCount', label: manifest.name });

/** All instances; 0 for a service that has sent no sample. */
const allInstances = (models: readonly ModelService[]): IMetric =>
  new MathExpression({
    expression: `SUM([${models.map((_, at) => `FILL(i${at}, 0)`).join(', ')}])`,
    usingMetrics: Object.fromEntries(models.map((model, at) => [`i${at}`, instancesOf(model)])),
    label: 'instances',
    period: MINUTE,
  });

const backlogPerInstance = (model: ModelService, at: number): IMetric =>
  new MathExpression({
    expression: `(FILL(w${at}, 0) + FILL(r${at}, 0)) / MAX([FILL(i${at}, 0), 1])`,
    usingMetrics: {
      [`w${at}`]: model.queues.tasks.metricApproximateNumberOfMessagesVisible(MAX),
      [`r${at}`]: model.queues.tasks.metricApproximateNumberOfMessagesNotVisible(MAX),
      [`i${at}`]: instancesOf(model),
    },
    label: `${model.manifest.name} backlog`,
    period: MINUTE,
  });

function summary({ stage, models }: StageDashboardProps): IWidget[] {
  const names = models.map(({ manifest }) => `- **${manifest.name}**: ${manifest.description}`).join('\n');
  return [
    new SingleValueWidget({
      title: 'Alive now',
      metrics: [allInstances(models), stageMetric(stage, 'StalledModels')],
      width: THIRD,
      height: 6,
    }),
    new TextWidget({ markdown: `## Models\n${names}`, width: THIRD, height: 6 }),
    graph('Live instances', models.map(instancesOf)),
  ];
}

function queues({ models, handlers }: StageDashboardProps): IWidget[] {
  const each = (measure: (model: ModelService, label: string) => IMetric) =>
    models.map((model) => measure(model, model.manifest.name));
  return [
    graph(
      'Tasks waiting',
      each(({ queues: { tasks } }, label) => tasks.metricApproximateNumberOfMessagesVisible({ ...MAX, label })),
    ),
    graph(
      'Age of the oldest task (s)',
      each(({ queues: { tasks } }, label) => tasks.metricApproximateAgeOfOldestMessage({ ...MAX, label })),
    ),
    graph('Dead letters', [
      ...each(({ queues: { deadLetters } }, label) =>
        deadLetters.metricApproximateNumberOfMessagesVisible({ ...MAX, label }),
      ),
      // Dead letters leave their queue within seconds, so a metric per minute mostly misses them.
      handlers.giveUpTask.metricInvocations({ ...SUM, label: 'given up, in batches' }),
    ]),
  ];
}

function traffic({ api, submitUrl, models }: StageDashboardProps): IWidget[] {
  const each = (measure: (metrics: HttpApiMetrics, of: string) => readonly IMetric[]) => [
    ...measure(api.metrics, ''),
    ...(submitUrl ? measure(submitUrl.metrics, ' of the submit URL') : []),
  ];
  return [
    graph(
      'Tasks done per minute',
      models.map(({ manifest, queues: { tasks } }) =>
        tasks.metricNumberOfMessagesDeleted({ ...SUM, label: manifest.name }),
      ),
    ),
    graph(
      'Latency of the API (ms)',
      each(({ latency }, of) =>
        ['p50', 'p90', 'p99'].map((statistic) => latency({ period: MINUTE, statistic, label: `${statistic}${of}` })),
      ),
    ),
    graph(
      'Refused and failed',
      each(({ clientErrors, serverErrors }, of) => [
        clientErrors({ ...SUM, label: `4xx${of}` }),
        serverErrors({ ...SUM, label: `5xx${of}` }),
      ]),
    ),
  ];
}

/** Billed units. */
function costs({ api, submitUrl, data, handlers, models }: StageDashboardProps): IWidget[] {
  const busy = [...BUSY.flatMap((name) => handlers.byName.get(name) ?? []), handlers.collectMetrics];
  const durations = Object.fromEntries(busy.map((fn, at) => [`d${at}`, fn.metricDuration(SUM)]));
  const lambdaSeconds = new MathExpression({
    // SUM instead of `+`, which has no value in a minute in which one function did not run.
    expression: `SUM([${Object.keys(durations).join(', ')}]) / 1000`,
    usingMetrics: durations,
    label: 'predictions, tasks and the collector',
    period: MINUTE,
  });
  return [
    graph('Requests, and units of the table of tasks', [
      api.metrics.requests({ ...SUM, label: 'API requests' }),
      ...(submitUrl ? [submitUrl.metrics.requests({ ...SUM, label: 'requests of the submit URL' })] : []),
      data.tasks.metricConsumedWriteCapacityUnits({ ...SUM, label: 'DynamoDB write units' }),
      data.tasks.metricConsumedReadCapacityUnits({ ...SUM, label: 'DynamoDB read units' }),
    ]),
    graph('Lambda seconds', [lambdaSeconds]),
    graph('Fargate: instances and backlog per instance', [allInstances(models), ...models.map(backlogPerInstance)]),
  ];
}
