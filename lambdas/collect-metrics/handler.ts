import { Metrics } from '@aws-lambda-powertools/metrics';
import middy from '@middy/core';
import type { HandlerDeps } from '#api';
import { METRICS_NAMESPACE, METRICS_SERVICE, type StageMetric } from '#api/http/metrics.ts';
import { type DeadLetterFollower, type InstanceScaler, type ModelSummary, scaleModel } from '#core';

export interface CollectorOptions {
  readonly stage: string;
  readonly publish: (gauges: Gauges) => void;
  /** @default the platform scales by itself, or not at all */
  readonly scaler?: InstanceScaler;
  /** Receives the number of dead letters of each model. @default they are polled all the time */
  readonly deadLetters?: DeadLetterFollower;
  /** Instances of each model that stay while idle. */
  readonly minInstances: number;
}

/** Every minute: scales every model by its backlog, and publishes how many models are stalled. */
export const createHandler =
  ({ stage, publish, scaler, deadLetters, minInstances }: CollectorOptions) =>
  ({ models, platform, logger }: HandlerDeps) =>
    middy(async function collectMetrics(): Promise<void> {
      const all = await models.all();
      const StalledModels = stalledOf(all);
      // CloudWatch bills a metric per hour with values. Its alarm takes none as 0.
      if (StalledModels > 0) publish({ dimensions: { stage }, values: { StalledModels } satisfies StageValues });
      const scaled = await Promise.allSettled(
        all.flatMap((summary) => [
          ...(scaler ? [scaleModel({ scaler, clock: platform.clock, logger }, summary, minInstances)] : []),
          ...(deadLetters && summary.depth ? [deadLetters.follow(summary.model.name, summary.depth.deadLetters)] : []),
        ]),
      );
      // A failure of one model must not affect the others. The error is counted, and an alarm watches the count.
      const failed = scaled.find(({ status }) => status === 'rejected');
      if (failed?.status === 'rejected') throw failed.reason;
    });

/** Models for which tasks wait and of which no instance lives. */
const stalledOf = (all: readonly ModelSummary[]): number =>
  all.filter((summary) => summary.live.length === 0 && waitingOf(summary) > 0).length;

const waitingOf = ({ depth }: ModelSummary): number => (depth ? depth.visible + depth.delayed : 0);

type StageValues = Record<StageMetric, number>;

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
