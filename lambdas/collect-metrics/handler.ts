import middy from '@middy/core';
import type { HandlerDeps } from '#api';
import type { ModelMetric, StageMetric } from '#api/http/metrics.ts';
import { holdsTasks, type ModelSummary } from '#core';
import type { Gauges } from './gauges.ts';

export interface CollectorOptions {
  readonly stage: string;
  readonly publish: (gauges: Gauges) => void;
}

/** Publishes live instances and backlogs every minute, for scaling, alarms and the dashboard. */
export const createHandler =
  ({ stage, publish }: CollectorOptions) =>
  ({ models }: HandlerDeps) =>
    middy(async function collectMetrics(): Promise<void> {
      const all = await models.all();
      publish({ dimensions: { stage }, values: stageValues(all) });
      for (const summary of all.filter(isAwake)) {
        publish({ dimensions: { stage, model: summary.model.name }, values: modelValues(summary) });
      }
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
