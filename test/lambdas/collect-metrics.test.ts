import { describe, expect, it } from 'vitest';
import { type HandlerDeps, noMetrics } from '#api';
import type { ModelSummary } from '#core';
import { lambdaContext } from '#gateway/bridge-invoke.ts';
import { createHandler } from '#lambdas/collect-metrics/handler.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

const summary = (name: string, instances: number, depth?: Partial<NonNullable<ModelSummary['depth']>>) =>
  ({
    model: { name },
    live: Array.from({ length: instances }),
    serving: Array.from({ length: instances }),
    depth: depth && { visible: 0, inFlight: 0, delayed: 0, deadLetters: 0, ...depth },
  }) as unknown as ModelSummary;

async function collect(...all: ModelSummary[]) {
  const published: unknown[] = [];
  const deps = { models: { all: async () => all }, logger: silentLogger, metrics: noMetrics } as unknown as HandlerDeps;
  const handle = createHandler({ stage: 'dev', publish: (gauges) => published.push(gauges) })(deps);
  await handle({}, lambdaContext({ name: 'collect-metrics', requestId: 'one', timeoutMs: 1000 }));
  return published;
}

describe('the collector of metrics', () => {
  it('publishes who is alive and what waits for each of them', async () => {
    const published = await collect(summary('awake', 2, { visible: 6, inFlight: 4 }));

    expect(published).toEqual([
      { dimensions: { stage: 'dev' }, values: { ActiveModels: 1, LiveInstances: 2, StalledModels: 0 } },
      { dimensions: { stage: 'dev', model: 'awake' }, values: { LiveInstances: 2, BacklogPerInstance: 5 } },
    ]);
  });

  it('counts a model as stalled when tasks wait for it and nobody is there', async () => {
    const [stage, asleep] = await collect(summary('asleep', 0, { visible: 3 }), summary('idle', 0, {}));

    expect(stage).toMatchObject({ values: { ActiveModels: 0, LiveInstances: 0, StalledModels: 1 } });
    expect(asleep).toMatchObject({ values: { BacklogPerInstance: 3 } });
  });

  it('has nothing to say of a model that sleeps and for which nothing waits', async () => {
    const published = await collect(summary('asleep', 0, {}));

    expect(published).toEqual([
      { dimensions: { stage: 'dev' }, values: { ActiveModels: 0, LiveInstances: 0, StalledModels: 0 } },
    ]);
  });

  it('publishes no backlog that it could not read', async () => {
    const [, model] = await collect(summary('unread', 1));

    expect(model).toEqual({ dimensions: { stage: 'dev', model: 'unread' }, values: { LiveInstances: 1 } });
  });
});
