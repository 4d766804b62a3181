import { Metrics } from '@aws-lambda-powertools/metrics';
import middy from '@middy/core';
import type { HandlerDeps } from '#api';
import { METRICS_NAMESPACE, METRICS_SERVICE, type ModelMetric, type StageMetric } from '#api/http/metrics.ts';
import { holdsTasks, type InstanceScaler, type ModelSummary, scaleModel } from '#core';

export interface CollectorOptions {
  readonly stage: string;
  readonly publish: (gauges: Gauges) => void;
  /** @default the platform scales by itself, or not at all */
  readonly scaler?: InstanceScaler;
  /** Instances of each model that stay while idle. */
  readonly minInstances: number;
}

/** Publishes live instances and backlogs every minute, and scales every model by them. */
export const createHandler =
  ({ stage, publish, scaler, minInstances }: CollectorOptions) =>
  ({ models, platform, logger }: HandlerDeps) =>
    middy(async function collectMetrics(): Promise<void> {
      const all = await models.all();
      publish({ dimensions: { stage }, values: stageValues(all) });
      for (const summary of all.filter(isAwake)) {
        publish({ dimensions: { stage, model: summary.model.name }, values: modelValues(summary) });
      }
      if (!scaler) return;
      const { clock } = platform;
      const scaled = await Promise.allSettled(
        all.map((summary) => scaleModel({ scaler, clock, logger }, summary, minInstances)),
      );
      // One model that cannot be scaled must not hold the others. The error is counted, and an alarm watches the count.
      const failed = scaled.find(({ status }) => status === 'rejected');
      if (failed?.status === 'rejected') throw failed.reason;
    });

/** CloudWatch bills each metric per hour with values, so sleeping models publish none. */
const isAwake = ({ live, depth }: ModelSummary): boolean => live.length > 0 || !depth || holdsTasks(depth);

const stageValues = (all: readonly ModelSummary[]): Record<StageMetric, number> => ({
  ActiveModels: all.filter(({ serving }) => serving.length > 0).length,
  LiveInstances: all.reduce((sum, { live }) => sum + live.length, 0),
  StalledModels: all.filter((summary) => summary.live.length === 0 && waitingOf(summary) > 0).length,
});

/** An unknown backlog is omitted, because 0 would be wrong. */
function modelValues(summary: ModelSummary): Partial<Record<ModelMetric, number>> {
  const { live, depth } = summary;
  const LiveInstances = live.length;
  if (!depth) return { LiveInstances };
  return { LiveInstances, BacklogPerInstance: (waitingOf(summary) + depth.inFlight) / Math.max(1, LiveInstances) };
}

const waitingOf = ({ depth }: ModelSummary): number => (depth ? depth.visible + depth.delayed : 0);

/** Current values with one set of dimensions. */
export interface Gauges {
  readonly dimensions: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, number>>;
}

/** Writes metrics as log lines (embedded metric format), without API calls. */
export function embeddedGauges(): (gauges: Gauges) => void {
  const metrics = new Metrics({ namespace: METRICS_NAMESPACE, serviceName: METRICS_SERVICE });
  return function publish({ dimensions, values }) {
    for (const [name, value] of Object.entries(values)) {
      const single = metrics.singleMetric();
      for (const [dimension, word] of Object.entries(dimensions)) single.addDimension(dimension, word);
      single.addMetric(name, 'Count', value);
    }
  };
}
