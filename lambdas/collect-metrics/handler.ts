import middy from '@middy/core';
import type { HandlerDeps } from '#api';
import type { ModelMetric, StageMetric } from '#api/http/metric-names.ts';
import { holdsTasks, type ModelSummary } from '#core';
import type { Gauges } from './gauges.ts';

export interface CollectorOptions {
  readonly stage: string;
  readonly publish: (gauges: Gauges) => void;
}

/** Every minute: who is alive and what waits, as numbers for scaling, alarms and the dashboard. */
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

/** A metric costs by the hour in which it has values, so models have some while there is something to say. */
const isAwake = ({ live, depth }: ModelSummary): boolean => live.length > 0 || !depth || holdsTasks(depth);

const stageValues = (all: readonly ModelSummary[]): Record<StageMetric, number> => ({
  ActiveModels: all.filter(({ serving }) => serving.length > 0).length,
  LiveInstances: all.reduce((sum, { live }) => sum + live.length, 0),
  StalledModels: all.filter((summary) => summary.live.length === 0 && waitingOf(summary) > 0).length,
});

/** A backlog that cannot be read is left out: nothing is better than a wrong zero. */
function modelValues(summary: ModelSummary): Partial<Record<ModelMetric, number>> {
  const { live, depth } = summary;
  const LiveInstances = live.length;
  if (!depth) return { LiveInstances };
  return { LiveInstances, BacklogPerInstance: (waitingOf(summary) + depth.inFlight) / Math.max(1, LiveInstances) };
}

const waitingOf = ({ depth }: ModelSummary): number => (depth ? depth.visible + depth.delayed : 0);
