import { describe, expect, it, vi } from 'vitest';
import { METRICS_NAMESPACE } from '#api/http/metrics.ts';
import type { ModelSummary } from '#core';
import { lambdaContext } from '#gateway/bridge-invoke.ts';
import { createHandler, embeddedGauges } from '#lambdas/collect-metrics/handler.ts';

import { resource, resourcesOf, synthesize } from '#test/support/synthesize.ts';
import type { StageName } from '../../lib/stacks/stage-config.ts';

/** What AWS documents of its own metrics: their names, by namespace and dimensions. */
const OF_AWS: Readonly<Record<string, readonly string[]>> = {
  'AWS/SQS QueueName': [
    ...['ApproximateNumberOfMessagesVisible', 'ApproximateNumberOfMessagesNotVisible'],
    ...['ApproximateAgeOfOldestMessage', 'NumberOfMessagesDeleted'],
  ],
  'AWS/ApiGateway ApiName': ['Count', 'Latency', '4XXError', '5XXError'],
  'AWS/ApiGateway ApiId': ['Count', 'Latency', '4xx', '5xx'],
  'AWS/Lambda FunctionName': [
    ...['Invocations', 'Errors', 'Duration', 'Throttles'],
    ...['UrlRequestCount', 'UrlRequestLatency', 'Url4xxCount', 'Url5xxCount'],
  ],
  // Its number of samples is that of tasks.
  'AWS/ECS ClusterName,ServiceName': ['CPUUtilization'],
  'AWS/DynamoDB TableName': ['ConsumedReadCapacityUnits', 'ConsumedWriteCapacityUnits'],
};

interface Seen {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, unknown>>;
}

/** Everything that the collector writes for CloudWatch in a minute in which tasks wait for these models in vain. */
async function published(stage: StageName, models: readonly string[]): Promise<readonly Seen[]> {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const all = models.map((name) => ({
    model: { name },
    live: [],
    serving: [],
    depth: { visible: 1, inFlight: 0, delayed: 0, deadLetters: 0 },
  }));
  const deps = { models: { all: async () => all as unknown as ModelSummary[] } } as never;
  try {
    const collect = createHandler({ stage, minInstances: 0, publish: embeddedGauges() })(deps);
    await collect({}, lambdaContext({ name: 'collect-metrics', requestId: 'one', timeoutMs: 1000 }));
    return write.mock.calls.flatMap(([line]) => readEmbedded(String(line)));
  } finally {
    write.mockRestore();
  }
}

function readEmbedded(line: string): Seen[] {
  const written = JSON.parse(line);
  const [{ Namespace: namespace, Dimensions, Metrics }] = written._aws.CloudWatchMetrics;
  return Metrics.map(({ Name: name }: { Name: string }) => ({
    namespace,
    name,
    dimensions: Object.fromEntries(Dimensions.flat().map((dimension: string) => [dimension, written[dimension]])),
  }));
}

/** The metrics of a dashboard: each a namespace, a name and pairs of dimensions; a dot repeats the one before. */
function onDashboard(body: string): Seen[] {
  const widgets = JSON.parse(body).widgets as { properties: { metrics?: unknown[][] } }[];
  return widgets.flatMap(({ properties: { metrics = [] } }) => {
    const rows = metrics.map((row) => row.filter((cell) => typeof cell === 'string'));
    return rows
      .filter((row) => row.length > 0)
      .map(([namespace = '', name = '', ...pairs]) => ({
        namespace,
        name,
        dimensions: Object.fromEntries(pairs.flatMap((key, at) => (at % 2 === 0 ? [[key, pairs[at + 1]]] : []))),
      }));
  });
}

const sorted = (dimensions: Seen['dimensions']) => Object.entries(dimensions).toSorted(([a], [b]) => (a < b ? -1 : 1));
const called = ({ namespace, name, dimensions }: Seen) => JSON.stringify([namespace, name, sorted(dimensions)]);

interface MetricOfTemplate {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: unknown }[];
}

const seen = ({ Namespace: namespace, MetricName: name, Dimensions = [] }: MetricOfTemplate): Seen => ({
  namespace,
  name,
  dimensions: Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name, Value])),
});

describe.each(['dev', 'lean'] as const)('every metric that the stage %s looks at', (stage) => {
  async function watched() {
    const { template, models } = await synthesize(stage);
    const text = (part: unknown): string => (typeof part === 'string' ? part : 'a-name');
    const { DashboardBody } = resource(template, 'AWS::CloudWatch::Dashboard', 'Dashboard').Properties;
    const alarms = resourcesOf(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties);
    const queries = alarms.flatMap(({ Metrics = [] }) => Metrics);
    const all: Seen[] = [
      ...onDashboard(DashboardBody['Fn::Join'][1].map(text).join('')),
      ...alarms.filter(({ MetricName }) => MetricName).map(seen),
      ...queries.flatMap(({ MetricStat }) => (MetricStat ? [seen(MetricStat.Metric)] : [])),
    ];
    return { all, models: models.map(({ name }) => name) };
  }

  it('is published by the collector under that very name and those very dimensions, if it is ours', async () => {
    const { all, models } = await watched();
    const known = new Set((await published(stage, models)).map(called));

    const ours = all.filter(({ namespace }) => namespace === METRICS_NAMESPACE);

    expect(ours.length).toBeGreaterThan(0);
    expect(ours.map(called).filter((name) => !known.has(name))).toEqual([]);
  });

  it('is one that AWS publishes, if it is not', async () => {
    const { all } = await watched();

    const theirs = all.filter(({ namespace }) => namespace !== METRICS_NAMESPACE);

    expect(theirs.length).toBeGreaterThan(20);
    const unknown = theirs.filter(
      ({ namespace, name, dimensions }) =>
        !OF_AWS[`${namespace} ${Object.keys(dimensions).toSorted().join()}`]?.includes(name),
    );
    expect(unknown).toEqual([]);
  });
});

it('the seconds of Lambdas are summed up also in minutes in which some of them do not run', async () => {
  const { template } = await synthesize('dev');

  const body = JSON.stringify(resource(template, 'AWS::CloudWatch::Dashboard', 'Dashboard').Properties.DashboardBody);

  expect(body).toMatch(/SUM\(\[d0, d1, .+\]\) \/ 1000/);
});

it('predictions that come by a URL beside the gateway are seen and alarmed of, which the gateway knows nothing of', async () => {
  const { template } = await synthesize('lean');

  const body = JSON.stringify(resource(template, 'AWS::CloudWatch::Dashboard', 'Dashboard').Properties.DashboardBody);

  for (const name of ['UrlRequestCount', 'UrlRequestLatency', 'Url4xxCount', 'Url5xxCount'])
    expect(body).toContain(name);
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    AlarmName: 'modelyard-lean-submit-url-server-errors',
    MetricName: 'Url5xxCount',
    Statistic: 'Sum',
    Threshold: 1,
  });
});

it('the dashboard shows the dearest parts of a prediction in the units that are billed', async () => {
  const { template } = await synthesize('dev');

  const body = JSON.stringify(resource(template, 'AWS::CloudWatch::Dashboard', 'Dashboard').Properties.DashboardBody);

  for (const name of ['API requests', 'ConsumedWriteCapacityUnits', 'ConsumedReadCapacityUnits', 'Lambda seconds']) {
    expect(body).toContain(name);
  }
});
